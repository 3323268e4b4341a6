"""Workbooks in and out: a guarded reader, header spellings, cell checks, and formula-safe writing.

In: `reader.read_workbook` -> `detect.guess_sheet`, `detect.guess_header` -> `clean.clean`. Out:
`writer.template`, `writer.export`, `annotate.annotate`. This package imports nothing by itself: the reading
child starts from it.
"""
