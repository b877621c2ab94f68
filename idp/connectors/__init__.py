"""The ways to people outside of the browser: e-mail and SMS."""
