"""Community leaders, influencers and suppliers: what each brings, costs and is worth."""
