"""A shop of django-oscar as its documentation sets one up, in production mode."""
