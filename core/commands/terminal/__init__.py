"""What every command shares: who acts on which database, the sentences, the kinds of workbook."""
