"""Registers of others that know who exists: of the population, of legal persons, and whoever compares a document with its bearer."""
