"""How values cross from one language to another: encoded, at rest as standard files, checked when they come back."""
