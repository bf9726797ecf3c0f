"""Write the source that comes from tables."""

from tables import elementwise, in_place

for writer in (elementwise, in_place):
    writer.FILE.write_text(writer.source(), encoding="utf-8")
    print("written:", writer.FILE.name)
