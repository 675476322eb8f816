"""Portuguese as it is written in Portugal, where that differs from the Brazilian tables.

Most of it differs word by word, and `adapt` changes those words. What differs otherwise has an entry here, by the key
of the page's text or by the English sentence. All the rest is the Brazilian text, adapted.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType

WORDS: Mapping[str, str] = MappingProxyType(
    {
        "ao vivo": "em direto",
        "arquivo": "ficheiro",
        "arquivos": "ficheiros",
        "baixado": "transferido",
        "baixar": "transferir",
        "baixe": "transfira",
        "clicar em": "carregar em",
        "clique em": "carregue em",
        "compartilhada": "partilhada",
        "compartilhar": "partilhar",
        "conecte-se": "ligue-se",
        "configurações": "definições",
        "controle": "controlo",
        "cota": "quota",
        "decodificação": "descodificação",
        "decodificada": "descodificada",
        "decodificadas": "descodificadas",
        "decodificador": "descodificador",
        "cada início": "cada arranque",
        "do cache": "da cache",
        "driver": "controlador",
        "em laranja": "a laranja",
        "em lugar nenhum": "em lado nenhum",
        "em outro": "noutro",
        "em um": "num",
        "em uma": "numa",
        "é demais": "é demasiado",
        "estoque": "stock",
        "está compilando": "está a compilar",
        "está sendo": "está a ser",
        "estão sendo": "estão a ser",
        "grande demais": "demasiado grande",
        "grandes demais": "demasiado grandes",
        "libere": "liberte",
        "log": "registo",
        "longo demais": "demasiado longo",
        "lote menor": "lote mais pequeno",
        "modelo menor": "modelo mais pequeno",
        "no cache": "na cache",
        "o download": "a transferência",
        "pixels": "píxeis",
        "por quê": "porquê",
        "próximos demais": "demasiado próximos",
        "quadro": "fotograma",
        "quadros": "fotogramas",
        "que busca": "que vai buscar",
        "registro": "registo",
        "rodada": "ronda",
        "salva": "guardada",
        "salvar": "guardar",
        "salve": "guarde",
        "tamanho menor": "tamanho mais pequeno",
        "toque em": "carregue em",
        "treinamento": "treino",
    }
)
"""Brazilian words, and short phrases that no inflection reaches, with those of Portugal."""

_BRAZILIAN = re.compile(rf"\b(?:{'|'.join(sorted(WORDS, key=len, reverse=True))})\b", re.IGNORECASE)

PAGE = {
    "public": (
        "Outras pessoas também podem usar esta página. As suas imagens e os seus comandos só lhe são mostrados a si; "
        "quem a mantém pode ver as imagens que guardar, e poderia ver tudo. Os votos na arena contam para todos, sem o "
        "seu nome."
    ),
    "honest": (
        "São miniaturas: 256×256 píxeis, 379 coisas do dia "
        "a dia em estilos de emoji, com tamanhos, quantidades, posições e dez cores de fundo, em inglês e "
        "português. Outros prompts vão dar à coisa conhecida mais próxima. Todos os tempos são medidos nesta máquina."
    ),
    "prompt_hint": "Um cão grande",
    "example_1": "Um cão grande",
    "details": "Pormenores",
    "stored": "Execução guardada, feita em {machine}. Carregue em Gerar para a repetir aqui.",
    "stored_other": (
        "Execução guardada de “{prompt}”, feita em {machine}. Carregue em Gerar para desenhar o seu próprio prompt."
    ),
    "reset": "Repor as definições",
    "link_copy": "Copiar ligação",
    "link_copied": "Ligação copiada.",
    "link_refused": "Este navegador não deixa a página copiar: copie a ligação deste campo.",
    "link_field": "Ligação para estas imagens",
    "from_link": "Aberto a partir de uma ligação.",
    "runs": "As suas execuções, as mais recentes primeiro",
    "runs_back": "A sua execução anterior de “{prompt}”. Carregue em Gerar para a desenhar de novo.",
    "runs_gone": "Essa execução já não pode ser mostrada: as imagens dela foram apagadas.",
    "runs_busy": "Há uma execução em curso: espere que termine ou pare-a.",
    "next": "A seguir: “{prompt}”",
    "queued": "Na fila: outras pessoas estão a usar o dispositivo, e a sua vez chega sozinha.",
    "more_models": "Mais modelos: transferências, licenças, pastas",
    "save_info": "na pasta de --out, com tudo o que é preciso para as refazer",
    "download_accept": "Li a licença do modelo e aceito-a",
    "download_begins": "A perguntar ao repositório o que existe…",
    "download_done": "{title} já está aqui. Marque-o acima para o usar.",
    "download_stopped": "Parado. O que está completo fica; a próxima transferência vai buscar o resto.",
    "folder_done": "{title} passa a vir de lá. Marque-o acima para o usar.",
    "warming": "A aquecer. Já pode carregar em Gerar.",
    "waiting_device": "À espera do dispositivo…",
    "running": "Em execução: {done} de {total} modelos terminados.",
    "phase_waiting": "À espera da sua vez",
    "phase_loading": "A carregar o modelo…",
    "phase_loading_refiner": "A carregar o refinador…",
    "phase_starting": "A ler o prompt…",
    "decoding": "a descodificar",
    "stage_load": "carregamento",
    "live_prompt": "Escreva e veja o desenho",
    "live_title": "De uma imagem para outra",
    "live_waiting": "À espera de que o dispositivo fique livre: outros estão a ser medidos",
    "flow_loading": "{title}: a carregar…",
    "flow_stored": "Execução guardada. Mova o cursor pelo tempo, ou carregue em “Desenhar os caminhos”.",
    "flow_finished": "Pronto. Mova o cursor pelo tempo.",
    "flow_no_straightness": "segue um plano de ruído: a retidão não está definida",
    "flow_strip_alt": (
        "{prompt}: {n} fotogramas do ruído à imagem; em cima, onde o caminho está; em baixo, para onde vai"
    ),
    "flow_lead_title": "O que está a ver",
    "flow_lead": (
        "<p>Um modelo de texto para imagem parte de ruído, x₀, no tempo t = 0, e chega a uma imagem, x₁, em t = 1. A "
        "cada passo uma rede olha para xₜ e diz a direção a seguir: a velocidade v. A fila de cima de um filme é "
        "xₜ. A de baixo é onde o caminho terminaria se mantivesse essa direção: xₜ + (1 − t) v.</p>"
        "<p>O Stable Diffusion muda de ideias pelo caminho. O primeiro palpite é tosco, o caminho curva-se, e só "
        "muitos passos pequenos acompanham uma curva. O reflow treina um novo modelo com pares de um ruído e da imagem "
        "que o antigo fez dele: os caminhos ficam quase retos, e o primeiro palpite já chega perto. O InstaFlow é "
        "depois treinado para tornar bom esse palpite, e um passo basta.</p>"
        "<p>A retidão S é a média de ‖(x₁ − x₀) − v‖² sobre todos os passos, por valor latente "
        '(<a href="https://arxiv.org/abs/2209.03003">Liu et al. 2022</a>, eq. 5): 0 é uma reta.</p>'
    ),
    "bench_load": "carregamento (s)",
    "paper_note": (
        "Uma imagem de 512×512 numa A100; FID-5k (quanto menor, melhor) e CLIP score (quanto maior, melhor) no MS COCO "
        "2017, FID-30k no MS COCO 2014. Pela FID-5k, um passo depois de reflow e destilação vem antes de um passo sem "
        "reflow, e a destilação progressiva fica entre os dois. Dois modelos diferentes chamam-se 2-Rectified Flow: o "
        "primeiro, e o que foi publicado. Quatro destes modelos nunca o foram: carregue numa linha para ver o modelo "
        "que a repete."
    ),
    "top1": "conceito (1.º)",
    "plot_note": (
        "Quantas vezes o juiz encontra o conceito do prompt, com o seu intervalo de 95 %. Acima e à esquerda é melhor."
    ),
    "grid_words_list": "cão, gato, castelo",
    "grid_finished": "Pronto: {n} de {total} células em {s}. Carregue numa imagem para ver as definições.",
    "gallery_drop": "Largue um PNG aqui ou escolha um",
    "gallery_empty": "Ainda não há nada. O que desenhar em Comparar e na grelha aparece aqui, só para si.",
    "gallery_count": "As suas imagens: {n}, as mais recentes primeiro. São só suas e são apagadas até "
    "uma hora depois de sair.",
    "gallery_images": "As suas imagens",
    "gallery_divide": "Onde as duas imagens se encontram, em percentagem",
    "restored": "As definições dessa imagem estão no formulário. Carregue em Gerar para a desenhar de novo.",
    "difference_setting": "Definição",
    "arena_drawing": "A desenhar duas imagens, que aparecem juntas: {seconds} s até agora.",
    "arena_not_kept": "O seu voto não pôde ser guardado.",
    "arena_none": "Ainda ninguém votou. Desenhe um par e dê o primeiro voto.",
    "arena_plot": "As notas com os seus intervalos de 95 %; os números estão na tabela",
    "arena_vote_bad": "↓ As duas más",
    "arena_games": "vitórias · derrotas · iguais · ambas más",
    "arena_lead": (
        "<p>Dois sistemas desenham o mesmo prompt a partir da mesma semente, com as definições predefinidas. Qual "
        "fica à esquerda é sorte, as duas imagens aparecem juntas, e nada na página diz de quem são antes do seu "
        "voto.</p><p>O par é aquele cujo voto deve estreitar mais todas as notas, ou um que chega a menos de um décimo "
        "disso: sistemas que se encontraram pouco, e os que são quase iguais.</p>"
        "<p>As notas são de um modelo de Bradley–Terry (<a href='https://openskill.me'>openskill</a>). “Igualmente "
        "boas” e “as duas más” contam como empate. De um voto guardam-se o dia, os dois sistemas, os seus passos e "
        "segundos, a semente e qual dos nossos exemplos era. Um prompt que tenha escrito não é guardado, nem nada "
        "sobre si.</p>"
    ),
}

SENTENCES = {
    "That PNG file is damaged, or its texts are too long: choose another one.": (
        "Esse ficheiro PNG está danificado, ou os textos dele são demasiado longos: escolha outro."
    ),
    "This link is too long ({n:,} characters, and at most {most:,} are read): nothing was taken from it.": (
        "Esta ligação é demasiado longa ({n:,} caracteres, e são lidos no máximo {most:,}): nada foi aproveitado dela."
    ),
    "The link says “{name}”, which means nothing here: it was left out.": (
        "A ligação diz “{name}”, o que aqui não significa nada: ficou de fora."
    ),
    "{title} is not on this machine: the link is drawn without it.": (
        "{title} não está nesta máquina: a ligação é desenhada sem ele."
    ),
    "Left out of the link: {why}": "Ficou de fora da ligação: {why}",
    "Describe the image you want: the prompt is empty.": "Descreva a imagem que quer: o prompt está vazio.",
    "Not every model of the run finished.": "Nem todos os modelos da execução terminaram.",
    "It is for inpainting.": "É para inpainting.",
    "Something went wrong (id {id}); the log of the app says what.": (
        "Algo correu mal (id {id}); o registo da aplicação diz o quê."
    ),
    "No safety checker looked at this: “hf download {source}” brings one.": (
        "Nenhum verificador de segurança olhou para isto: “hf download {source}” traz um."
    ),
    "PyTorch is compiling this model for this size: in a minute or two it will be faster.": (
        "O PyTorch está a compilar este modelo para este tamanho: dentro de um ou dois minutos será mais rápido."
    ),
    "PyTorch could not compile this model for this size, so it runs as it is; the log says why.": (
        "O PyTorch não conseguiu compilar este modelo para este tamanho, que é executado como é; o registo diz porquê."
    ),
    "PyTorch has compiled this model for this size: it is {times:.1f} times as fast as before.": (
        "O PyTorch compilou este modelo para este tamanho: está {times:.1f} vezes mais rápido do que antes."
    ),
    "OpenVINO is being made ready for this model, and PyTorch runs it until then: in a minute or two it will be "
    "faster.": (
        "O OpenVINO está a ser preparado para este modelo, e até lá é o PyTorch que o executa: dentro de um ou dois "
        "minutos será mais rápido."
    ),
    "OpenVINO has taken over this model from PyTorch: it is {times:.1f} times as fast as before.": (
        "O OpenVINO assumiu este modelo no lugar do PyTorch: está {times:.1f} vezes mais rápido do que antes."
    ),
    "OpenVINO could not be made ready for this model, so PyTorch runs it; the log says why.": (
        "Não foi possível preparar o OpenVINO para este modelo, que o PyTorch executa; o registo diz porquê."
    ),
    "PyTorch runs this model. OpenVINO would be faster, once a run with “--backend openvino” has made it ready, which "
    "takes a minute and is kept.": (
        "O PyTorch executa este modelo. O OpenVINO seria mais rápido, depois de uma execução com “--backend openvino” "
        "o preparar, o que demora um minuto e fica guardado."
    ),
    "{path} is a link to a file that is not there: restore it, or download it again.": (
        "{path} é uma ligação para um ficheiro que não existe: restaure-o, ou transfira-o de novo."
    ),
    "There is no int8 decoder here: it runs with OpenVINO on a CPU, for the shipped models: “pip install openvino”, "
    "or choose another one.": (
        "Não há aqui um descodificador int8, que usa o OpenVINO na CPU, para os modelos incluídos: “pip install "
        "openvino”, ou escolha outro."
    ),
    "An account is written USER:PASSWORD, with a colon between them: correct it.": (
        "Uma conta escreve-se UTILIZADOR:SENHA, com dois pontos entre eles: corrija-a."
    ),
    "{path} has no accounts: write USER:PASSWORD, one in each line.": (
        "{path} não tem contas: escreva UTILIZADOR:SENHA, uma em cada linha."
    ),
    "Memory is short: images are decoded in tiles, which can show faint seams.": (
        "Falta memória: as imagens são descodificadas em partes, cujas emendas se podem notar ligeiramente."
    ),
    "{title} makes one image, which is the same one by one and as a batch.": (
        "{title} faz uma só imagem, pelo que uma a uma ou em lote vai dar ao mesmo."
    ),
    "{path} is an archive: unpack it, and name the folder that comes out.": (
        "{path} é um ficheiro comprimido: descomprima-o e indique a pasta que sai dele."
    ),
    "{file} of {title} came damaged and was removed: run the download again.": (
        "{file} de {title} veio danificado e foi removido: repita a transferência."
    ),
    "{title} is not at {page}, or not for you: run “hf auth login”, or name a folder with --model-dir {id}=FOLDER.": (
        "{title} não está em {page}, ou não está acessível: execute “hf auth login”, ou indique uma pasta com "
        "--model-dir {id}=PASTA."
    ),
    "{file} could not be fetched from {url} ({why}): check the network and run the command again. It goes on where "
    "it ended.": (
        "{file} não pôde ser transferido de {url} ({why}): verifique a rede e execute o comando de novo. Continua de "
        "onde parou."
    ),
    "{name} could not be fetched from {source}: check the network and run the command again, or convert files that "
    "you have with “python -m instaflow_demo convert-glide”.": (
        "{name} não pôde ser transferido de {source}: verifique a rede e execute o comando de novo, ou converta "
        "ficheiros que já tenha com “python -m instaflow_demo convert-glide”."
    ),
    "The Inception network could not be fetched: connect to the network.": (
        "A rede Inception não pôde ser transferida: ligue-se à rede."
    ),
    "{source} says rank {said:g} for {layer}, whose tensors have rank {rank}: it belongs to another file.": (
        "{source} diz característica {said:g} para {layer}, cujos tensores têm característica {rank}: é de outro "
        "ficheiro."
    ),
    "{path} is a web page, not a safetensors file: download it again, signed in if the site asks for it.": (
        "{path} é uma página Web, não um ficheiro safetensors: transfira-o de novo, com sessão iniciada se o sítio o "
        "pedir."
    ),
}


def adapt(brazilian: str) -> str:
    """A Brazilian text with the words of Portugal, capital letters kept.

    >>> adapt("Baixe o arquivo.")
    'Transfira o ficheiro.'
    """
    return _BRAZILIAN.sub(_european, brazilian)


def _european(found: re.Match[str]) -> str:
    written, word = found[0], WORDS[found[0].lower()]
    if written.isupper():
        return word.upper()
    return word[0].upper() + word[1:] if written[0].isupper() else word


def overlay(brazilian: Mapping[str, str], entries: Mapping[str, str]) -> Mapping[str, str]:
    """A table for Portugal: the Brazilian one, adapted, with `entries` in the place of its own."""
    return MappingProxyType({key: entries.get(key) or adapt(text) for key, text in brazilian.items()})
