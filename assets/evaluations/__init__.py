"""The evaluation tables (评价表), and those of the plan's modes, measures, projects, tasks, parks and deadlines.

Each file holds pure functions over records and assessments; `builders.py` reads the warehouse for them. No verdict is
found here: that is `assets/evaluation.py`.
"""
