"""Documents (văn bản): drafted, rendered, published, read, recalled."""
