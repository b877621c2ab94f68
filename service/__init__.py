"""The composition root: configuration, wiring, the application, the command line, the database engine, jobs, the demo.

Left to others: every decision. What stands here connects the rooms and nothing imports it.
"""
