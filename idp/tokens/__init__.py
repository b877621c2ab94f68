"""The token endpoint and what it hands out: grants, signed tokens, introspection, revocation, userinfo."""
