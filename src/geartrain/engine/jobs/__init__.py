"""What becomes of jobs: their life, and what submits, fails, pages and ends them."""
