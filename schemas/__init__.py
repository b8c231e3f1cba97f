"""WHAT the data is: tables, units, rules, indicators and the plan, each declared once. Imports nothing of ours."""
