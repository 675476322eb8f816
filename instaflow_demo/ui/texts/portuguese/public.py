"""What visitors of a page that others can reach are told."""

SENTENCES = {
    "That was more often than one visitor may ask here within a minute: try again in {seconds:.0f} seconds.": (
        "Foram mais pedidos do que um visitante pode fazer aqui por minuto: tente de novo daqui a {seconds:.0f} "
        "segundos."
    ),
    "This would take {asked:,} image-steps (steps × images × (size / 512)², over all models), and a run may take "
    "{most:,.0f} here: ask for fewer images, steps or models, or a smaller size, so that {percent} % of it is left.": (
        "Isto levaria {asked:,} passos de imagem (passos × imagens × (tamanho / 512)², em todos os modelos), e uma "
        "execução pode levar {most:,.0f} aqui: peça menos imagens, passos ou modelos, ou um tamanho menor, para que "
        "restem {percent} %."
    ),
    "This was ended after {most:,.0f} image-steps (steps × images × (size / 512)²), which is the most here: ask for "
    "fewer images, steps or models, or a smaller size.": (
        "Isto foi encerrado após {most:,.0f} passos de imagem (passos × imagens × (tamanho / 512)²), o máximo aqui: "
        "peça menos imagens, passos ou modelos, ou um tamanho menor."
    ),
    "An account is written USER:PASSWORD, with a colon between them: correct it.": (
        "Uma conta se escreve USUÁRIO:SENHA, com dois-pontos entre eles: corrija-a."
    ),
    "The accounts in {path} cannot be read ({why}): name another file.": (
        "As contas em {path} não podem ser lidas ({why}): indique outro arquivo."
    ),
    "{path} has no accounts: write USER:PASSWORD, one in each line.": (
        "{path} não tem contas: escreva USUÁRIO:SENHA, uma em cada linha."
    ),
    "it is not text in UTF-8": "não é texto em UTF-8",
}
