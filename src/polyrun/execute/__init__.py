"""A plan and a sandbox become events and a result. The only part that knows time and concurrency."""
