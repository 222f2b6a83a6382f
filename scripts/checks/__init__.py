"""What `saccadeworld doctor` looks at; nothing here is imported before it is known to be there."""
