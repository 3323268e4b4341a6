"""Commands that keep the product running: database, accounts, demo, server, scheduler, message channels."""
