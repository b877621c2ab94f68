"""What admins do about people: import, roles, disabling, closing, looking somebody up. Left to others: pages (``admin_ui``), commands."""
