"""The ops of layers that no lesson of the first hours needs: imported when one of them is first used."""
