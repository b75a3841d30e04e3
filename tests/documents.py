"""Small documents of every kind, made as a test needs them."""

from pathlib import Path

from pypdf import PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

MILL = (
    "The mill at Kerr was built in 1820 by a farmer whose name nobody wrote down. "
    "Its wheel turns eleven times a minute when the river is high. "
    "A miller called Anna Lowe kept the ledger for thirty years."
)
BRIDGE = (
    "A sluice is a gate that holds the water of the river back. "
    "The bridge beside it was painted green by the carpenters of the village. "
    "Every spring the keeper oils the 24 hinges before the boats come through."
)


def pdf(file: Path, *pages: str, password: str = "") -> Path:
    """A PDF with a line of text a sentence on each page; without text where a page is empty."""
    writer = PdfWriter()
    for text in pages:
        page = writer.add_blank_page(width=595, height=842)
        font = DictionaryObject(
            {NameObject("/Type"): NameObject("/Font"), NameObject("/Subtype"): NameObject("/Type1"),
             NameObject("/BaseFont"): NameObject("/Helvetica")}
        )  # fmt: skip
        fonts = DictionaryObject({NameObject("/F1"): writer._add_object(font)})
        page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
        stream = DecodedStreamObject()
        lines = "".join(f"({line.strip()}.) Tj T* " for line in text.split(".") if line.strip())
        stream.set_data(f"BT /F1 12 Tf 14 TL 50 800 Td {lines}ET".encode())
        page[NameObject("/Contents")] = writer._add_object(stream)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    writer.write(file)
    return file
