"""One's own data: a folder of four IDX files, and how it is made of what people have."""
