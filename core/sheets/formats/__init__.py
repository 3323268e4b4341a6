"""What opens a workbook inside the guarded child: containers, each format of file, remarks written back."""
