"""Planning with the world model: actions are tried out in its predictions, and the best one is made."""
