"""HOW each layer is made: pure polars functions, and the thin steps around them that touch disk and database."""
