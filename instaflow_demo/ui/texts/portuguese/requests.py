"""What is wrong with a request, or has no effect in it."""

SENTENCES = {
    "Evaluation needs {library}: pip install -r instaflow_demo/evaluation/requirements.txt": (
        "A avaliação precisa de {library}: pip install -r instaflow_demo/evaluation/requirements.txt"
    ),
    "{path} could not be written ({why}): choose another file with {option}.": (
        "Não foi possível gravar {path} ({why}): escolha outro arquivo com {option}."
    ),
    "{json_file} is a folder, or its folder does not exist: choose another one with --json.": (
        "{json_file} é uma pasta, ou a pasta dele não existe: escolha outro com --json."
    ),
    "{json_file} cannot be written: choose another one with --json.": (
        "Não é possível gravar {json_file}: escolha outro com --json."
    ),
    "{out} is not a folder: choose another one with --out.": "{out} não é uma pasta: escolha outra com --out.",
    "{out} cannot be written to: choose another folder with --out.": (
        "Não é possível escrever em {out}: escolha outra pasta com --out."
    ),
    "{path} cannot be read: name a file that “benchmark --json” wrote.": (
        "Não foi possível ler {path}: indique um arquivo que “benchmark --json” tenha escrito."
    ),
    "prompt": "prompt",
    "negative prompt": "prompt negativo",
    "{title} reads at most {n} tokens of the {text}, so this was left out: “{cut}”.": (
        "{title} lê no máximo {n} tokens do {text}; isto ficou de fora: “{cut}”."
    ),
    "{title} has no token for this in the {text}, and does not see it: “{unknown}”.": (
        "{title} não tem token para isto no {text}, e não o vê: “{unknown}”."
    ),
    "steps": "passos",
    "guidance": "orientação",
    "size": "tamanho",
    "{title} always uses {n:g} for {what}.": "{title}: o valor de “{what}” é sempre {n:g}.",
    "{title} ignores the negative prompt, because guidance is off at {scale:g}.": (
        "{title} ignora o prompt negativo, porque a orientação está desligada em {scale:g}."
    ),
    "{title} is always run by PyTorch as it is, so the backend “{backend}” has no effect.": (
        "{title} é sempre executado pelo PyTorch sem compilar; o motor “{backend}” não tem efeito."
    ),
    "{title} draws pixels, not latents, so the decoder “{decoder}” has no effect.": (
        "{title} desenha pixels, não latentes; o decodificador “{decoder}” não tem efeito."
    ),
    "{title} is not changed by {files}: the scale is 0.": "{title} não muda com {files}: a escala é 0.",
    "{title} is itself made from {base}, so adding its difference to that changes nothing.": (
        "{title} foi feito a partir de {base}; somar a diferença a ele não muda nada."
    ),
    "{title} is guided only above 1, so a guidance of {scale:g} is the same as none.": (
        "{title} só é orientado acima de 1; uma orientação de {scale:g} é o mesmo que nenhuma."
    ),
    "{title} ignores the negative prompt, because guidance is off at {scale:g}; only the refiner reads it.": (
        "{title} ignora o prompt negativo, porque a orientação está desligada em {scale:g}; só o refinador o lê."
    ),
    "{title} always makes all images together, whether one by one or as a batch is asked for.": (
        "{title} faz sempre todas as imagens juntas, quer se peça uma a uma, quer em lote."
    ),
    "{title} makes one image, which is the same one by one and as a batch.": (
        "{title} faz uma imagem só, o que dá no mesmo uma a uma e em lote."
    ),
    "The number of images": "Número de imagens",
    "The seed": "Semente",
    "Steps": "Passos",
    "Guidance": "Orientação",
    "Size": "Tamanho",
    "Batched": "Em lote",
    "Save": "Salvar",
    "Refine": "Refinar",
    "Device": "Dispositivo",
    "Precision": "Precisão",
    "Backend": "Motor",
    "Decoder": "Decodificador",
    "{path} holds no safetensors file: name a LoRA file, or the folder that holds it.": (
        "{path} não tem nenhum arquivo safetensors: indique um arquivo LoRA, ou a pasta que o contém."
    ),
    "from {low:,} to {high:,}": "de {low:,} a {high:,}",
    ", not {number:,}": ", e não {number:,}",
    "The {text} is too long ({n:,} characters): use at most {most}.": (
        "O {text} é longo demais ({n:,} caracteres): use no máximo {most}."
    ),
    "a multiple of 64 pixels from {low:,} to {high:,}": "um múltiplo de 64 pixels de {low:,} a {high:,}",
    "{what} must be {wanted}.": "{what}: deve ser {wanted}.",
    "{what} must be true or false{instead}.": "{what}: deve ser verdadeiro ou falso{instead}.",
    "{what} must be one of {choices}{instead}.": "{what}: deve ser um destes: {choices}{instead}.",
    "There is no safetensors file {path}: give --lora FILE.safetensors[:SCALE], or its folder.": (
        "Não há nenhum arquivo safetensors {path}: indique --lora ARQUIVO.safetensors[:ESCALA], ou a pasta dele."
    ),
    "The scale of {path} must be a number from -{most} to {most}, as in FILE:0.8.": (
        "A escala de {path} deve ser um número de -{most} a {most}, com ponto, como em ARQUIVO:0.8."
    ),
    "{path} holds several safetensors files, such as {one} and {two}: name one.": (
        "{path} tem vários arquivos safetensors, como {one} e {two}: indique um deles."
    ),
    ", not {number:.3g}": ", e não {number:.3g}",
    ", not the text “{text}”": ", e não o texto “{text}”",
    "The {text} must be text.": "O {text} deve ser texto.",
    "Choose at least one model.": "Escolha pelo menos um modelo.",
    "a whole number from {low:,} to {high:,}": "um número inteiro de {low:,} a {high:,}",
    "a number from {low:,} to {high:,}": "um número de {low:,} a {high:,}",
    ", or {seed} for a random one": ", ou {seed} para uma ao acaso",
    "{what} must be a number{instead}: {title} always uses {n:g}.": (
        "{what}: deve ser um número{instead}; {title} usa sempre {n:g}."
    ),
    "{title} takes no LoRA files: leave it out, or them.": (
        "{title} não aceita arquivos LoRA: deixe de fora o modelo, ou os arquivos."
    ),
    "{title} is not the fine-tune of another model: choose from {ids}.": (
        "{title} não é um ajuste de outro modelo: escolha entre {ids}."
    ),
    "1 character that cannot be printed was left out of the {text}.": (
        "Caracteres que não se podem imprimir ficaram de fora do {text}: 1."
    ),
    "There is no model called {name!r}; choose from {ids}.": "Não há um modelo chamado {name!r}; escolha entre {ids}.",
    " for {title}": " em {title}",
    "{n:,} characters that cannot be printed were left out of the {text}.": (
        "Caracteres que não se podem imprimir ficaram de fora do {text}: {n:,}."
    ),
    "Describe the image you want: the prompt is empty.": "Descreva a imagem que você quer: o prompt está vazio.",
    "{path:.200} cannot be read ({why}): name another file.": (
        "Não foi possível ler {path:.200} ({why}): indique outro arquivo."
    ),
    "The {text} is blank, so it has no effect.": "O {text} está em branco e não tem efeito.",
    "Choose at least one backend.": "Escolha pelo menos um motor.",
    "Choose at least one decoder.": "Escolha pelo menos um decodificador.",
    "Choose at least one batch size.": "Escolha pelo menos um tamanho de lote.",
    "It was stopped.": "Foi parado.",
    "Memory is too short for {n} images at once: choose a smaller batch.": (
        "Falta memória para {n} imagens de uma vez: escolha um lote menor."
    ),
    "PyTorch has no decoder in 8 bits, so the backend “{backend}” is not timed with “int8”.": (
        "O PyTorch não tem decodificador em 8 bits; o motor “{backend}” não é medido com “int8”."
    ),
    "The stock pipeline has no decoder “{decoder}”, so it is timed with “full”.": (
        "O pipeline original não tem o decodificador “{decoder}”; é medido com “full”."
    ),
    "Repeats must be a whole number from 1 to {most:,}.": "As repetições devem ser um número inteiro de 1 a {most:,}.",
    "This is not a benchmark file: choose one that “benchmark --json” wrote.": (
        "Este não é um arquivo de medição: escolha um que “benchmark --json” tenha escrito."
    ),
    "The run was stopped.": "A execução foi parada.",
    "This call has {n} of the {all} values that it needs: reload the page.": (
        "Esta chamada tem {n} dos {all} valores de que precisa: recarregue a página."
    ),
    "This was ended after {minutes:.0f} minutes, which is the most here: ask for fewer images, steps or models.": (
        "Isto foi encerrado após {minutes:.0f} minutos, o máximo aqui: peça menos imagens, passos ou modelos."
    ),
    "{waiting} runs of yours are waiting already, which is the most: wait for one of them, or stop it.": (
        "Já há {waiting} execuções suas na fila, o máximo: espere uma delas ou pare-a."
    ),
    "{waiting} runs are waiting here, which is the most: try again in about {seconds:.0f} seconds.": (
        "Já há {waiting} execuções na fila, o máximo: tente de novo daqui a cerca de {seconds:.0f} segundos."
    ),
    "The page has no such function for programs; the page at /gradio_api/info lists what there is.": (
        "A página não tem essa função para programas; a página /gradio_api/info lista as que há."
    ),
    "This could not be done, and the log says why. Reload the page, and try once more.": (
        "Não foi possível fazer isso, e o registro diz por quê. Recarregue a página e tente mais uma vez."
    ),
    "Choose at least one, and nothing but these: {choices}.": "Escolha pelo menos um, e só destes: {choices}.",
    "That would be {n} images, and others wait for this machine: choose fewer repeats, models or batch sizes, for at "
    "most {most}.": (
        "Seriam {n} imagens, e outros esperam por esta máquina: escolha menos repetições, modelos ou tamanhos de "
        "lote, para no máximo {most}."
    ),
    "Only text files of at most {kb} KB are read: choose a file that “benchmark --json” wrote.": (
        "Só são lidos arquivos de texto de no máximo {kb} KB: escolha um que “benchmark --json” tenha escrito."
    ),
    "Choose what the two ends differ in: the prompt, or the seed.": (
        "Escolha em que as duas pontas diferem: no prompt ou na semente."
    ),
    "Choose one of the models of one step.": "Escolha um dos modelos de um passo.",
    "Frames must be a whole number from {low} to {high}.": "Os quadros devem ser um número inteiro de {low} a {high}.",
    "{title} takes more than one step: choose a model of one step for this.": (
        "{title} precisa de mais de um passo: escolha para isto um modelo de um passo."
    ),
    "Choose a model to download.": "Escolha um modelo para baixar.",
    "{title} is on this machine already.": "{title} já está nesta máquina.",
    "Accept the licence first: {licence}.": "Aceite a licença primeiro: {licence}.",
    "Choose a model, and name its folder.": "Escolha um modelo e indique a pasta dele.",
    "The backend must be one of {backends} here.": "Aqui o motor deve ser um destes: {backends}.",
    "{title} is not offered here.": "{title} não é oferecido aqui.",
    "There are no settings in that image: choose one as it was saved here, or by AUTOMATIC1111's web UI.": (
        "Não há configurações nessa imagem: escolha uma como foi salva aqui ou pela interface web do AUTOMATIC1111."
    ),
    "That is not a PNG file: settings are read from PNG files only.": (
        "Esse não é um arquivo PNG: só se leem configurações de arquivos PNG."
    ),
    "That image has more than {n:,} pixels: choose a smaller one.": (
        "Essa imagem tem mais de {n:,} pixels: escolha uma menor."
    ),
    "That PNG file is damaged, or its texts are too long: choose another one.": (
        "Esse arquivo PNG está danificado, ou os textos dele são longos demais: escolha outro."
    ),
    "Only PNG files of at most {mb} MB, with at most {kb} KB of texts, are read: choose a smaller one.": (
        "Só são lidos arquivos PNG de no máximo {mb} MB, com no máximo {kb} KB de textos: escolha um menor."
    ),
    "It was drawn on a device that is not here ({device:.40}), so its pixels may differ slightly.": (
        "Foi desenhada em um dispositivo que não há aqui ({device:.40}), por isso os pixels podem diferir um pouco."
    ),
    "It was drawn by a backend that cannot be chosen here ({backend:.40}), so its pixels may differ slightly.": (
        "Foi desenhada por um motor que não se pode escolher aqui ({backend:.40}), por isso os pixels podem diferir um "
        "pouco."
    ),
    "It was refined, and the refiner is not here.": "Foi refinada, e o refinador não está aqui.",
    "Other weights had been merged into its model, which only the command line can do again.": (
        "Outros pesos tinham sido incorporados ao modelo dela, o que só a linha de comando pode repetir."
    ),
    "It lies on the way to another image; what is restored is where that way begins.": (
        "Ela fica no caminho para outra imagem; o que se restaura é onde esse caminho começa."
    ),
    "Only squares are drawn here, so {width} by {height} was left out.": (
        "Aqui só se desenham quadrados, por isso {width} por {height} ficou de fora."
    ),
    "Samplers cannot be chosen here, so {name:.40} was left out: the image will look different.": (
        "Aqui não se escolhem amostradores, por isso {name:.40} ficou de fora: a imagem será diferente."
    ),
    "Not known here: {names}.": "Desconhecido aqui: {names}.",
    "Weights and tags, as in (word:1.2) or <lora:name:1>, are read here as the words that they are.": (
        "Pesos e marcas, como em (word:1.2) ou <lora:name:1>, são lidos aqui como as palavras que são."
    ),
    "{title} drew it and is not here, so your models and their settings stay as they are.": (
        "{title} a desenhou e não está aqui, por isso os seus modelos e as configurações deles ficam como estão."
    ),
    "{name} drew it and is not known here, so your models and their settings stay as they are.": (
        "{name} a desenhou e é desconhecido aqui, por isso os seus modelos e as configurações deles ficam como estão."
    ),
    "It does not say which model drew it, so your models and their settings stay as they are.": (
        "Ela não diz que modelo a desenhou, por isso os seus modelos e as configurações deles ficam como estão."
    ),
    "Choose what differs along this side.": "Escolha o que muda ao longo deste lado.",
    "Write the values of this side, with commas between them.": (
        "Escreva os valores deste lado, separados por vírgulas."
    ),
    "The values must be text of at most {most} characters.": (
        "Os valores devem ser texto de no máximo {most} caracteres."
    ),
    "1; 2.5; 5": "1; 2,5; 5",
    "“{text}” cannot be read: write values such as {example}, or a range such as 1-9 (+2).": (
        "“{text}” não pode ser lido: escreva valores como {example}, ou um intervalo como 1-9 (+2)."
    ),
    "These are {n:,} values: one side of a grid has at most {most}.": (
        "São {n:,} valores: um lado da grade tem no máximo {most}."
    ),
    "Both sides change the same: choose another one for the rows.": (
        "Os dois lados mudam a mesma coisa: escolha outra para as linhas."
    ),
    "That would be {n} cells, and others wait for this machine: choose fewer values, for at most {most}.": (
        "Seriam {n} células, e outros esperam por esta máquina: escolha menos valores, para no máximo {most}."
    ),
    "The prompt does not contain “{word}”: begin with words of the prompt, which the others replace.": (
        "O prompt não contém “{word}”: comece com palavras do prompt, que as outras substituem."
    ),
    "This is not a cell of a grid.": "Isto não é uma célula de uma grade.",
    "This link is too long ({n:,} characters, and at most {most:,} are read): nothing was taken from it.": (
        "Este link é longo demais ({n:,} caracteres, e são lidos no máximo {most:,}): nada foi aproveitado dele."
    ),
    "The link says “{name}”, which means nothing here: it was left out.": (
        "O link diz “{name}”, o que aqui não significa nada: ficou de fora."
    ),
    "{title} is not on this machine: the link is drawn without it.": (
        "{title} não está nesta máquina: o link é desenhado sem ele."
    ),
    "Left out of the link: {why}": "Ficou de fora do link: {why}",
    "“{name}” cannot be “{value:.40}” here.": "“{name}” não pode ser “{value:.40}” aqui.",
}
