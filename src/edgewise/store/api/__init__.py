"""The store's HTTP face: OpenObserve's words in, the engine and the searcher behind them."""
