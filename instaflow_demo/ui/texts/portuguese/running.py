"""What happens while models are loaded and run, and what the system says."""

SENTENCES = {
    "Cold times, which are not how fast a model is: {systems}. The first image also pays for warming up, so no "
    "speed-up is told. Ask for two images or more, or use “python -m instaflow_demo benchmark”.": (
        "Tempos a frio, que não são a velocidade de um modelo: {systems}. A primeira imagem paga também o aquecimento, "
        "por isso não se diz nenhuma aceleração. Peça duas imagens ou mais, ou use "
        "“python -m instaflow_demo benchmark”."
    ),
    "The shared GPU was there after {seconds:.1f} s, which no other time includes.": (
        "A GPU compartilhada ficou disponível após {seconds:.1f} s, que não entram em nenhum outro tempo."
    ),
    "Your quota of the shared GPU has {left} s left, and this could take {seconds} s: ask for less, log in to Hugging "
    "Face, or come back in {minutes} minutes.": (
        "Sua cota da GPU compartilhada ainda tem {left} s, e isto pode levar {seconds} s: peça menos, entre no Hugging "
        "Face, ou volte em {minutes} minutos."
    ),
    "No more time on the shared GPU is to be had for now: log in to Hugging Face, or come back later.": (
        "Não há mais tempo disponível na GPU compartilhada por enquanto: entre no Hugging Face, ou volte mais tarde."
    ),
    "This could take {seconds} s, more than the shared GPU is lent for at a time: ask for fewer images, steps or "
    "models.": (
        "Isto pode levar {seconds} s, mais do que a GPU compartilhada concede por vez: peça menos imagens, passos ou "
        "modelos."
    ),
    "No shared GPU is free now: try again in a minute.": (
        "Nenhuma GPU compartilhada está livre agora: tente de novo em um minuto."
    ),
    "The shared GPU cannot be reached; the log says why. Try again later.": (
        "Não é possível chegar à GPU compartilhada; o log diz por quê. Tente de novo mais tarde."
    ),
    "The shared GPU was taken back before this was done: ask for fewer images, steps or models.": (
        "A GPU compartilhada foi retirada antes de isto terminar: peça menos imagens, passos ou modelos."
    ),
    "Meanwhile this Space's processor draws, which is slower.": (
        "Enquanto isso, o processador deste Space desenha, o que é mais lento."
    ),
    "PyTorch is compiling this model for this size: in a minute or two it will be faster.": (
        "O PyTorch está compilando este modelo para este tamanho: em um ou dois minutos ele será mais rápido."
    ),
    "PyTorch could not compile this model for this size, so it runs as it is; the log says why.": (
        "O PyTorch não conseguiu compilar este modelo para este tamanho; ele é executado como é, e o log diz por quê."
    ),
    "OpenVINO is being made ready for this model, and PyTorch runs it until then: in a minute or two it will be "
    "faster.": (
        "O OpenVINO está sendo preparado para este modelo, e até lá o PyTorch o executa: em um ou dois minutos ele "
        "será mais rápido."
    ),
    "OpenVINO is ready for this model and has taken over from PyTorch.": (
        "O OpenVINO está pronto para este modelo e assumiu o lugar do PyTorch."
    ),
    "OpenVINO has taken over this model from PyTorch: it is {times:.1f} times as fast as before.": (
        "O OpenVINO assumiu este modelo no lugar do PyTorch: ele está {times:.1f} vezes mais rápido do que antes."
    ),
    "OpenVINO is not ready for every model of this run, so PyTorch runs them all: that compares fairly.": (
        "O OpenVINO ainda não está pronto para todos os modelos desta execução, e por isso o PyTorch executa todos: "
        "assim a comparação é justa."
    ),
    "OpenVINO could not be made ready for this model, so PyTorch runs it; the log says why.": (
        "Não foi possível preparar o OpenVINO para este modelo; o PyTorch o executa, e o log diz por quê."
    ),
    "OpenVINO's networks can be kept nowhere, so PyTorch runs this model: set INSTAFLOW_DEMO_HOME to a folder that can "
    "be written to and has room.": (
        "As redes do OpenVINO não podem ser guardadas em lugar nenhum, e por isso o PyTorch executa este modelo: "
        "defina INSTAFLOW_DEMO_HOME como uma pasta com espaço e permissão de escrita."
    ),
    "PyTorch runs this model. OpenVINO would be faster, once a run with “--backend openvino” has made it ready, which "
    "takes a minute and is kept.": (
        "O PyTorch executa este modelo. O OpenVINO seria mais rápido, depois que uma execução com “--backend openvino” "
        "o preparasse, o que leva um minuto e fica guardado."
    ),
    "PyTorch cannot compile this model here ({kind}; the log or --debug says more): choose the backend “eager”.": (
        "O PyTorch não consegue compilar este modelo aqui ({kind}; o log ou --debug diz mais): escolha o motor “eager”."
    ),
    "Not every model of the run finished.": "Nem todo modelo da execução terminou.",
    "There is no int8 decoder here: it runs with OpenVINO on a CPU, for the shipped models: “pip install openvino”, "
    "or choose another one.": (
        "Não há aqui um decodificador int8: ele usa o OpenVINO na CPU, para os modelos incluídos: “pip install "
        "openvino”, ou escolha outro."
    ),
    "There is no tiny decoder here: “hf download madebyollin/taesd” brings one for Stable Diffusion's latents, or "
    "choose “full”.": (
        "Não há aqui um decodificador tiny: “hf download madebyollin/taesd” traz um para os latentes do Stable "
        "Diffusion, ou escolha “full”."
    ),
    "There is no full decoder here: restore the model's folder “vae”.": (
        "Não há aqui um decodificador full: restaure a pasta “vae” do modelo."
    ),
    "Memory ran out, so this batch was made in parts: the images are the same, and their times longer.": (
        "Faltou memória, e por isso este lote foi feito em partes: as imagens são as mesmas, e os tempos, maiores."
    ),
    "{device} has too little free memory for one {size}x{size} image of {title}. Choose a smaller size, close other "
    "programs that use it, or choose another device.": (
        "{device} tem pouca memória livre para uma imagem {size}x{size} de {title}. Escolha um tamanho menor, feche "
        "outros programas que a usam, ou escolha outro dispositivo."
    ),
    "The model produced NaN or infinity, so there is no image: choose the precision float32, and if that does not "
    "help, restore the model's files.": (
        "O que o modelo calculou não é um número, e por isso não há imagem: escolha a precisão float32 e, se não "
        "ajudar, restaure os arquivos do modelo."
    ),
    "PyTorch has compiled this model for this size: it is {times:.1f} times as fast as before.": (
        "O PyTorch compilou este modelo para este tamanho: ele está {times:.1f} vezes mais rápido do que antes."
    ),
    "{title} needs about {size:.1f} GB of memory, {free:.1f} GB free.": (
        "{title} precisa de cerca de {size:.1f} GB de memória; há {free:.1f} GB livres."
    ),
    "{title} needs at least {size:.1f} GB of memory on {device}, and {free:.1f} GB are free: close other programs, "
    "or choose a smaller model.": (
        "{title} precisa de pelo menos {size:.1f} GB de memória em {device}, e há {free:.1f} GB livres: feche outros "
        "programas, ou escolha um modelo menor ou outro dispositivo."
    ),
    "{title} needs at least {size:.1f} GB of memory on {device}, and {free:.1f} GB are free: close other programs, "
    "choose the device “cpu”, or choose a smaller model.": (
        "{title} precisa de pelo menos {size:.1f} GB de memória em {device}, e há {free:.1f} GB livres: feche outros "
        "programas, ou escolha um modelo menor ou outro dispositivo."
    ),
    "Memory is short: images are decoded one by one.": "Falta memória: as imagens são decodificadas uma a uma.",
    "Memory is short: images are decoded in tiles, which can show faint seams.": (
        "Falta memória: as imagens são decodificadas em partes, cujas emendas podem aparecer de leve."
    ),
    "Memory is short: each network is on the device only while it works, which is slower.": (
        "Falta memória: cada rede fica no dispositivo só enquanto trabalha, o que é mais lento."
    ),
    "The backend openvino cannot run this: choose the precision “float32” or “bfloat16”, or choose the backend "
    "“auto”.": (
        "O motor openvino não pode executar isto: escolha a precisão “float32” ou “bfloat16”, ou o motor “auto”."
    ),
    "The backend diffusers cannot run this: choose the decoder “full”, or choose the backend “auto”.": (
        "O motor diffusers não pode executar isto: escolha o decodificador “full”, ou o motor “auto”."
    ),
    "The backend {backend} cannot run this: install it with “{command}”, or choose the backend “auto”.": (
        "O motor {backend} não pode executar isto: instale-o com “{command}”, ou escolha o motor “auto”."
    ),
    "The backend {backend} cannot run this: leave out LoRA files and --delta-from, or choose the backend “auto”.": (
        "O motor {backend} não pode executar isto: deixe de fora arquivos LoRA e --delta-from, ou escolha o motor "
        "“auto”."
    ),
    "The backend openvino cannot run this: choose the device “cpu”, or choose the backend “auto”.": (
        "O motor openvino não pode executar isto: escolha o dispositivo “cpu”, ou o motor “auto”."
    ),
    "The backend compiled cannot run this: choose hardware that the Space keeps, or choose the backend “auto”.": (
        "O motor compiled não pode executar isto: escolha um hardware que o Space mantenha, ou o motor “auto”."
    ),
    "{title} is not used without its safety checker, and the one in {folder} is damaged: its “{name}” is empty, all "
    "zeros, too large or not a number. Restore its files.": (
        "{title} não é usado sem o verificador de segurança, e o que está em {folder} está danificado: “{name}” está "
        "vazio, é só zeros, é grande demais ou não é um número. Restaure os arquivos dele."
    ),
    "choose another folder with --out": "escolha outra pasta com --out",
    "give notebook.load another folder, as “out”": "dê outra pasta a notebook.load, como “out”",
    "The image could not be saved in {folder} ({why}): free some space or {remedy}.": (
        "A imagem não pôde ser salva em {folder} ({why}): libere espaço ou {remedy}."
    ),
    "OpenVINO's networks cannot be kept in {folder} ({why}), so they are in {spare} until the system empties that: "
    "set {setting} to a folder that can be written to and has room.": (
        "As redes do OpenVINO não podem ser guardadas em {folder} ({why}); por isso estão em {spare} até que o "
        "sistema esvazie essa pasta: aponte {setting} para uma pasta em que se possa escrever e haja espaço."
    ),
    "Compiled code cannot be kept in {folder} ({why}), so it is in {spare} until the system empties that: set "
    "{setting} to a folder that can be written to and has room.": (
        "O código compilado não pode ser guardado em {folder} ({why}); por isso está em {spare} até que o sistema "
        "esvazie essa pasta: aponte {setting} para uma pasta em que se possa escrever e haja espaço."
    ),
    "Downloads cannot be kept in {folder} ({why}), so they are in {spare} until the system empties that: set "
    "{setting} to a folder that can be written to and has room.": (
        "O que é baixado não pode ser guardado em {folder} ({why}); por isso está em {spare} até que o sistema "
        "esvazie essa pasta: aponte {setting} para uma pasta em que se possa escrever e haja espaço."
    ),
    "OpenVINO's networks cannot be kept in {folder} ({why}), so every start converts them again: set {setting} to a "
    "folder that can be written to and has room.": (
        "As redes do OpenVINO não podem ser guardadas em {folder} ({why}); por isso são convertidas a cada início: "
        "aponte {setting} para uma pasta em que se possa escrever e haja espaço."
    ),
    "Compiled code cannot be kept in {folder} ({why}), so every start compiles it again: set {setting} to a folder "
    "that can be written to and has room.": (
        "O código compilado não pode ser guardado em {folder} ({why}); por isso é compilado a cada início: aponte "
        "{setting} para uma pasta em que se possa escrever e haja espaço."
    ),
    "Nothing can be fetched. Downloads cannot be kept in {folder} ({why}), so every start fetches them again: set "
    "{setting} to a folder that can be written to and has room.": (
        "Nada pode ser baixado, porque não pode ser guardado em {folder} ({why}): aponte {setting} para uma pasta em "
        "que se possa escrever e haja espaço."
    ),
    "there may be too little room": "talvez falte espaço",
    "There is no usable CUDA GPU here: choose the device “auto” or “cpu”, or install a CUDA build of torch and its "
    "driver.": (
        "Não há aqui uma GPU CUDA utilizável: escolha o dispositivo “auto” ou “cpu”, ou instale o driver e um torch "
        "com CUDA."
    ),
    "This processor computes {dtype} far more slowly than float32, so float32 is used instead.": (
        "Este processador calcula {dtype} muito mais devagar que float32; por isso é usado float32."
    ),
    "The safety checker blocked this image, rightly or not: try another prompt or seed.": (
        "O verificador de segurança bloqueou esta imagem, com ou sem razão: tente outro prompt ou outra semente."
    ),
    "No safety checker looked at this: “hf download {source}” brings one.": (
        "Nenhum verificador de segurança olhou isto: “hf download {source}” traz um."
    ),
    "This image could not be refined.": "Esta imagem não pôde ser refinada.",
    "There is too little free memory for {title}: close other programs, or choose a smaller model or another device.": (
        "Há pouca memória livre para {title}: feche outros programas, ou escolha um modelo menor ou outro dispositivo."
    ),
    "{title} does not go from noise to image along one path: choose another model.": (
        "{title} não vai do ruído à imagem por um só caminho: escolha outro modelo."
    ),
    "Only finished images can be checked for safety, so the path of {title} is not shown here: choose a shipped "
    "model.": (
        "Só imagens prontas podem ser verificadas, por isso o caminho de {title} não é mostrado aqui: escolha um "
        "modelo incluído."
    ),
    "Something went wrong (id {id}); the log of the app says what.": (
        "Algo deu errado (id {id}); o registro do aplicativo diz o quê."
    ),
    "set TMPDIR to a folder that can be written to and has room": (
        "aponte TMPDIR para uma pasta em que se possa escrever e haja espaço"
    ),
}

REASONS = {
    "No space left on device": "sem espaço no disco",
    "Disk quota exceeded": "cota de disco esgotada",
    "Permission denied": "sem permissão",
    "Read-only file system": "só para leitura",
    "Not a directory": "não é uma pasta",
    "No such file or directory": "não existe",
    "File name too long": "nome longo demais",
}
"""Why the system refuses something, in its own words."""
