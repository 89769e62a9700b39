export const PRICING_ERRORS = {
  PRICE_BOOK_INVALID: 'The price book is not in the expected format; rebuild it, or correct the entry that is named.',
  PRICE_RECORD_INVALID: 'A record to be priced lacks a field or has one of the wrong type; correct the record.',
} as const;
