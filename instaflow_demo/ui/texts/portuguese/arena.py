"""The arena in Brazilian Portuguese: its words on the page, and its sentences."""

PAGE = {
    "tab_arena": "Arena",
    "arena_prompt_hint": "Deixe vazio para um dos nossos exemplos, outro a cada vez",
    "arena_start": "Desenhar um par",
    "arena_hide": "Esconder os segundos até o voto",
    "arena_hide_info": "a partir do próximo par; os votos de quem viu os segundos são contados à parte",
    "arena_drawing": "Desenhando duas imagens, que aparecem juntas: {seconds} s até agora.",
    "arena_stopped": "Parado.",
    "arena_vote_now": "Qual é melhor? Vote com os botões ou com as setas do teclado.",
    "arena_question": "Qual é a melhor imagem de “{prompt}”?",
    "arena_pair": "Duas imagens de “{prompt}”",
    "arena_alt_left": "Imagem da esquerda de “{prompt}”",
    "arena_alt_right": "Imagem da direita de “{prompt}”",
    "arena_vote_left": "← A da esquerda",
    "arena_vote_right": "A da direita →",
    "arena_vote_tie": "↑ Igualmente boas",
    "arena_vote_bad": "↓ As duas ruins",
    "arena_onwards": "Próximo par",
    "arena_answer": "Esquerda: {left_title}, {left_s}. Direita: {right_title}, {right_s}.",
    "arena_made": "“{prompt}”, semente {seed}. {faster}",
    "arena_faster": "{title} foi {n}× mais rápido.",
    "arena_no_pair": "Não há par em que votar: clique em “Desenhar um par”. Cada par recebe um voto.",
    "arena_not_kept": "Seu voto não pôde ser guardado.",
    "arena_no_ratings": "Não há classificação.",
    "arena_none": "Ninguém votou ainda. Desenhe um par e seja o primeiro voto.",
    "arena_ratings": "Classificação só pelas imagens · votos: {n}",
    "arena_ratings_timed": "Classificação por imagens e segundos · votos: {n}",
    "arena_whose": "São os votos de todos os que usam esta página nesta máquina.",
    "arena_whose_alone": "São os votos dados nesta máquina.",
    "arena_ratings_note": "Todo sistema começa em 25. Um que está 5,9 acima vence cerca de três de cada quatro votos "
    "decididos; abaixo de cada nota está o intervalo de 95 %.",
    "arena_rating": "nota",
    "arena_votes": "votos",
    "arena_games": "vitórias · derrotas · iguais · ambas ruins",
    "arena_plot": "As notas com seus intervalos de 95 %; os números estão na tabela",
    "arena_csv": "Baixar todos os votos (CSV)",
    "arena_lead_title": "Como a arena funciona",
    "arena_lead": (
        "<p>Dois sistemas desenham o mesmo prompt a partir da mesma semente, com as configurações padrão. Qual fica à "
        "esquerda é sorte, as duas imagens aparecem juntas, e nada na página diz de quem são antes do seu voto.</p>"
        "<p>O par é aquele cujo voto deve estreitar mais todas as notas, ou um que chega a menos de um décimo disso: "
        "sistemas que se encontraram pouco, e os que são quase iguais.</p>"
        "<p>As notas são de um modelo de Bradley–Terry (<a href='https://openskill.me'>openskill</a>). “Igualmente "
        "boas” e “as duas ruins” contam como empate. De um voto guardam-se o dia, os dois sistemas, seus passos e "
        "segundos, a semente e qual dos nossos exemplos era. Um prompt que você digitou não é guardado, nem nada "
        "sobre você.</p>"
    ),
}

SENTENCES = {
    "The votes in {file} are from another version of this demo: move that file away, and new ones begin.": (
        "Os votos em {file} são de outra versão desta demonstração: tire esse arquivo de lá, e outros começam."
    ),
    "The votes in {file} cannot be read, as the file is damaged: move it away, and new ones begin.": (
        "Os votos em {file} não podem ser lidos, pois o arquivo está danificado: tire-o de lá, e outros começam."
    ),
    "The votes in {file} are held by another program: close it.": (
        "Os votos em {file} estão presos por outro programa: feche-o."
    ),
    "The votes cannot be written to {folder} ({why}): set TMPDIR to a folder that can be written to and has room.": (
        "Os votos não podem ser escritos em {folder} ({why}): aponte TMPDIR para uma pasta em que se possa escrever e "
        "haja espaço."
    ),
    "Votes cannot be kept in {file} ({why}): set INSTAFLOW_DEMO_HOME to a folder that can be written to and has "
    "room.": (
        "Os votos não podem ser guardados em {file} ({why}): aponte INSTAFLOW_DEMO_HOME para uma pasta em que se possa "
        "escrever e haja espaço."
    ),
    "{title} drew nothing: try another prompt.": "{title} não desenhou nada: tente outro prompt.",
    "Fewer than two systems can draw here: download another one, or reload the page.": (
        "Menos de dois sistemas podem desenhar aqui: baixe outro, ou recarregue a página."
    ),
}
