"""What the combined saliency model looks at, one channel each, and the image processing that they share."""
