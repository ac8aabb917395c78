"""Study campaigns: what is to be studied by when, who must, and how far each has come."""
