"""The site: its pages, what is made for it of code and documents, and what its pages may not do."""
