"""SaccadeWorld: worlds seen one glimpse at a time, and seq-JEPA, a world model that learns from every movement."""
