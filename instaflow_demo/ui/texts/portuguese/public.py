"""What visitors of a page that others can reach are told."""

SENTENCES = {
    "That was more often than one visitor may ask here within a minute: try again in {seconds:.0f} seconds.": (
        "Foram mais pedidos do que um visitante pode fazer aqui por minuto: tente de novo daqui a {seconds:.0f} "
        "segundos."
    ),
}
