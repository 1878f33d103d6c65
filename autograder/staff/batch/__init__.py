"""A whole class: find everybody's uploads, grade them with a crew of processes, remember, report.

find -> uploads --take--> contents --crew--> outcomes in the state --grades--> pages, grades.csv, report.html
"""
