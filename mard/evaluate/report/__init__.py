"""The report: one self-contained HTML page with hand-drawn SVG, for the screen, for print, and offline."""
