"""Where models are, and what becomes of downloads."""

SENTENCES = {
    "{path} is of a hub's cache and holds several revisions ({names}): name a folder in its “snapshots”.": (
        "{path} é do cache de um hub e tem várias revisões ({names}): indique uma pasta em “snapshots”."
    ),
    "{path} is a file: name the folder that has {parts}.": "{path} é um arquivo: indique a pasta que tem {parts}.",
    "{path} is a pointer of Git LFS and not the file itself: run “git lfs pull” in its repository, or download the "
    "file.": (
        "{path} é um ponteiro do Git LFS e não o próprio arquivo: execute “git lfs pull” no repositório dele, ou "
        "baixe o arquivo."
    ),
    "{path} is a single file, and models are read from folders in diffusers' layout: convert it with “python -c "
    "\"from diffusers import {pipeline} as P; P.from_single_file('{path}').save_pretrained('{target}')\"” and name "
    "{target}. If it is a LoRA file, give it with --lora instead.": (
        "{path} é um arquivo único, e os modelos são lidos de pastas no formato do diffusers: converta-o com “python "
        "-c \"from diffusers import {pipeline} as P; P.from_single_file('{path}').save_pretrained('{target}')\"” e "
        "indique {target}. Se for um arquivo LoRA, indique-o com --lora."
    ),
    "{path} cannot be found ({why}): name a folder that exists.": (
        "{path} não foi encontrado ({why}): indique uma pasta que exista."
    ),
    "{path} holds several checkpoints ({names}): name the folder of one.": (
        "{path} tem vários modelos ({names}): indique a pasta de um deles."
    ),
    "{path} is of a hub's cache and holds no files: download the model again.": (
        "{path} é do cache de um hub e não tem arquivos: baixe o modelo de novo."
    ),
    "{path} is an archive: unpack it, and name the folder that comes out.": (
        "{path} é um arquivo compactado: descompacte-o e indique a pasta que sai dele."
    ),
    "{folder} holds one network and not a whole model: name the folder that it is a part of.": (
        "{folder} tem uma só rede e não um modelo inteiro: indique a pasta de que ela faz parte."
    ),
    "{file} of {title} came damaged and was removed: run the download again.": (
        "{file} de {title} veio danificado e foi removido: execute o download de novo."
    ),
    "{title} needs {size:.1f} GB, and {folder} has {free:.1f} GB free: make room, or set {setting} to a folder on "
    "another disk.": (
        "{title} precisa de {size:.1f} GB, e {folder} tem {free:.1f} GB livres: libere espaço, ou aponte {setting} "
        "para uma pasta em outro disco."
    ),
    "{title} is for those who accept its licence: do so at {page}, run “hf auth login”, and try again.": (
        "{title} é para quem aceita a licença: aceite-a em {page}, execute “hf auth login” e tente de novo."
    ),
    "{title} is not at {page}, or not for you: run “hf auth login”, or name a folder with --model-dir {id}=FOLDER.": (
        "{title} não está em {page}, ou não para você: execute “hf auth login”, ou indique uma pasta com --model-dir "
        "{id}=PASTA."
    ),
    "{title} cannot be fetched, because HF_HUB_OFFLINE or --offline rules the network out: unset it.": (
        "{title} não pode ser baixado, porque HF_HUB_OFFLINE ou --offline exclui a rede: desligue essa opção."
    ),
    "{title} could not be fetched ({why}): check the network and the disk, and try again. Files that are complete "
    "are kept.": (
        "{title} não pôde ser baixado ({why}): verifique a rede e o disco, e tente de novo. Os arquivos completos "
        "ficam."
    ),
    "{title} could not be read from {folder} ({why}): restore it.": (
        "Não foi possível ler {title} de {folder} ({why}): restaure-o."
    ),
    "{title} is not in {folder}, which lacks {part} or its weights: name a folder that has {parts}.": (
        "{title} não está em {folder}, onde falta {part} ou os pesos: indique uma pasta que tenha {parts}."
    ),
    "{title} is not on this machine. It is a download of about {size:.1f} GB under the licence {licence}: add "
    "--download to the command, or run “hf download {source}”.": (
        "{title} não está nesta máquina. São cerca de {size:.1f} GB para baixar, sob a licença {licence}: acrescente "
        "--download ao comando, ou execute “hf download {source}”."
    ),
    "{title} is only partly in the cache ({part} is missing): run “hf download {source}” again.": (
        "{title} está só em parte no cache (falta {part}): execute “hf download {source}” de novo."
    ),
    "{source} is no model's id, no folder, and no repository in the cache: name a folder, or run “hf download "
    "{source}”.": (
        "{source} não é o id de um modelo, nem uma pasta, nem um repositório no cache: indique uma pasta, ou execute "
        "“hf download {source}”."
    ),
    "{title} is not used without its safety checker, and the one in {folder} lacks config.json or its weights: run "
    "“hf download {source}”, or restore its files.": (
        "{title} não é usado sem o verificador de segurança, e ao que está em {folder} falta config.json ou os "
        "pesos: execute “hf download {source}”, ou restaure os arquivos dele."
    ),
    "{title} is not on this machine ({part} is missing from {folder}). It is a download of about {size:.1f} GB under "
    "the licence {licence}: add --download to the command “python -m instaflow_demo generate”.": (
        "{title} não está nesta máquina (falta {part} em {folder}). São cerca de {size:.1f} GB para baixar, sob a "
        "licença {licence}: acrescente --download ao comando “python -m instaflow_demo generate”."
    ),
    "{title} is not in {folder}: restore assets/models from the repository, for example with “git checkout -- "
    "assets/models”.": (
        "{title} está incompleto ou danificado ({folder}): restaure assets/models do repositório, por exemplo com "
        "“git checkout -- assets/models”."
    ),
    "{title} has a damaged file, {name}: restore assets/models from the repository, for example with “git checkout "
    "-- assets/models”.": (
        "{title} está incompleto ou danificado ({name}): restaure assets/models do repositório, por exemplo com “git "
        "checkout -- assets/models”."
    ),
    "{folder} holds {title} as OpenAI published it, which is converted once: run “python -m instaflow_demo "
    "convert-glide {both}”, after which no folder need be named.": (
        "{folder} tem {title} como a OpenAI o publicou, o que se converte uma vez: execute “python -m instaflow_demo "
        "convert-glide {both}”; depois disso não é preciso indicar pasta."
    ),
    "{title} lacks its file {name}: restore assets/models from the repository, for example with “git checkout -- "
    "assets/models”.": (
        "{title} está incompleto ou danificado ({name}): restaure assets/models do repositório, por exemplo com “git "
        "checkout -- assets/models”."
    ),
    "“{value}” is not like ID=FOLDER, where ID is one of {ids}.": (
        "“{value}” não é como ID=PASTA, em que ID é um destes: {ids}."
    ),
    "{title} has a file of unknown origin, {name}: remove it.": (
        "{title} tem um arquivo de origem desconhecida, {name}: remova-o."
    ),
    "GLIDE could not be fetched, because HF_HUB_OFFLINE or --offline rules the network out: unset it.": (
        "GLIDE não pode ser baixado, porque HF_HUB_OFFLINE ou --offline exclui a rede: desligue essa opção."
    ),
    "{base} or {upsampler} came damaged, and both were removed: run the command again. {error}": (
        "{base} ou {upsampler} veio danificado, e ambos foram removidos: execute o comando de novo. {error}"
    ),
    "{file} could not be fetched from {url} ({why}): check the network and run the command again. It goes on where "
    "it ended.": (
        "{file} não pôde ser baixado de {url} ({why}): verifique a rede e execute o comando de novo. Ele continua de "
        "onde parou."
    ),
    "{name} could not be fetched from {source}: check the network and run the command again, or convert files that "
    "you have with “python -m instaflow_demo convert-glide”.": (
        "{name} não pôde ser baixado de {source}: verifique a rede e execute o comando de novo, ou converta arquivos "
        "que você tenha com “python -m instaflow_demo convert-glide”."
    ),
}
