"""`meterkast init`: what a deployment by containers needs besides its images."""
