/** Every code this service throws, with what it means and what to do. */
export const COST_ERRORS = {
  CLAIMS_CORRUPT:
    'A record of weir.usage-claims cannot be read: another program wrote to it, or a newer version did. Upgrade, or restore the log.',
  PRICE_BOOK_UNREADABLE:
    'The file or address of a price book or of price terms could not be read. Check cost.price_book and cost.price_terms.',
  PRICE_BOOK_DIGEST:
    'A price book does not have the SHA-256 of cost.price_book_sha256. Check who changed it, then correct the one or the other.',
  PRICE_BOOK_SIGNATURE:
    'A price book is not signed by cost.price_book_key, or that is no Ed25519 public key. Its signature lies beside it as <book>.sig.',
  PRICE_BOOK_UNVERIFIED:
    'A price book from an address needs cost.price_book_sha256 or cost.price_book_key, and https, so that nobody on the way sets prices.',
  REPRICE_RUNNING:
    'Another repricing of this ledger runs. Wait until it has ended; one that was killed frees it within minutes.',
} as const;
