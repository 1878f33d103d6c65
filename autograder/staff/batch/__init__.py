"""A whole class: find everybody's uploads, grade them with a pool of processes, remember, report.

find -> uploads --take--> contents --pool--> outcomes in the state --grades--> pages, grades.csv, report.html
"""
