"""`make verify`: deliberately wrong and deliberately different submissions judge the checks.

mutants/*.toml --submissions--> texts of part files --pool, run--> how each check ended --judge--> page, JSON
"""
