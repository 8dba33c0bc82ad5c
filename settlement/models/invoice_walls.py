"""What the database itself holds about documents, whoever writes: bodies of the triggers of `invoices`."""

# Whatever writes the row: a series goes up by one, and what it is of stays as it was.
SERIES_COUNTS = """
IF (NEW.id, NEW.prefix, NEW.supplier_party_id, NEW.form) IS DISTINCT FROM
   (OLD.id, OLD.prefix, OLD.supplier_party_id, OLD.form) OR NEW.last_number <> OLD.last_number + 1
THEN
    RAISE EXCEPTION 'a series of numbers goes up by one' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""
# A number comes after its predecessor, and no further than the counter: with rows that are never deleted, no gaps.
NUMBER_FOLLOWS = """
IF NOT EXISTS (
    SELECT 1 FROM settlement_documentseries s WHERE s.id = NEW.series_id AND s.last_number = NEW.sequence
      AND s.form = NEW.form AND s.supplier_party_id IS NOT DISTINCT FROM NEW.supplier_party_id
) OR (NEW.sequence > 1 AND NOT EXISTS (
    SELECT 1 FROM settlement_invoice i WHERE i.series_id = NEW.series_id AND i.sequence = NEW.sequence - 1
)) THEN
    RAISE EXCEPTION 'a document has the next number of its series' USING ERRCODE = 'check_violation';
END IF;
RETURN NEW;
"""
# At the commit: the document says what its lines say, and a counter that went up left its document.
LINES_ADD_UP = """
IF (SELECT coalesce(sum(l.gross_minor), 0) FROM settlement_invoiceline l WHERE l.invoice_id = NEW.{invoice})
   <> (SELECT i.gross_minor FROM settlement_invoice i WHERE i.id = NEW.{invoice})
THEN
    RAISE EXCEPTION 'the lines of a document add up to it' USING ERRCODE = 'check_violation';
END IF;
RETURN NULL;
"""
NUMBER_IS_USED = """
IF NOT EXISTS (
    SELECT 1 FROM settlement_invoice i WHERE i.series_id = NEW.id AND i.sequence = NEW.last_number
) THEN
    RAISE EXCEPTION 'a number that was taken is on a document' USING ERRCODE = 'check_violation';
END IF;
RETURN NULL;
"""
# At the commit, line by line: credit notes less debit notes lie between nothing and what the invoice billed.
CREDIT_WITHIN_LINE = """
IF NEW.form <> 'invoice' AND NOT EXISTS (
    SELECT 1 FROM settlement_invoice note JOIN settlement_invoiceline billed
        ON billed.invoice_id = note.amends_id AND billed.receipt_id = NEW.receipt_id AND billed.kind = NEW.kind
    CROSS JOIN LATERAL (
        SELECT sum(CASE l.form WHEN 'credit_note' THEN l.gross_minor ELSE -l.gross_minor END) AS credited
        FROM settlement_invoiceline l JOIN settlement_invoice i ON i.id = l.invoice_id
        WHERE i.amends_id = note.amends_id AND l.receipt_id = NEW.receipt_id
    ) sums
    WHERE note.id = NEW.invoice_id AND note.form = NEW.form AND note.kind = NEW.kind AND billed.form = 'invoice'
      AND sums.credited BETWEEN 0 AND billed.gross_minor
) THEN
    RAISE EXCEPTION 'credit notes give back no more than was billed' USING ERRCODE = 'check_violation';
END IF;
RETURN NULL;
"""
