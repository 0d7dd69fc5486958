"""HTTP clients answered from recordings, and recorded: requests, answers, and their way."""
