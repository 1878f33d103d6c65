"""What a course settles about time: when the homework is due, for whom later, and what handing in late costs.

course.toml --file--> Deadlines --late--> Late (of one submission), from which points, tables and pages follow

For staff alone: course.toml names students, so a handout goes without this folder and without the file.
"""
