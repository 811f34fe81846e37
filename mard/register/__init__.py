"""A trained model as one folder that answers by itself, what is told about it, and who becomes champion."""
