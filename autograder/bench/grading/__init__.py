"""How the batch behaves at the size it is made for: a generated class, and ten thousand recorded submissions."""
