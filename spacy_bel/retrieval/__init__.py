"""Finding the concepts that a mention may mean."""
