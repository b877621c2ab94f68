"""The way back into an account whose owner lost what they log in with: by two proofs or at a service window, after a day."""
