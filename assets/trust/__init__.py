"""What makes a release answerable: why figures moved, how far a release is, objections, acknowledgements."""
