"""What is wrong with LoRA files and fine-tunes."""

SENTENCES = {
    "{source} asks for {what}, which is not merged here: name a plain LoRA file.": (
        "{source} pede {what}, que aqui não se incorpora: indique um arquivo LoRA comum."
    ),
    "The header of {path}": "{path}",
    "{source} holds no settings that can be read: download it again.": (
        "{source} não tem configurações que se consigam ler: baixe-o de novo."
    ),
    "{source} says rank {said:g} for {layer}, whose tensors have rank {rank}: it belongs to another file.": (
        "{source} diz posto {said:g} para {layer}, cujos tensores têm posto {rank}: é de outro arquivo."
    ),
    "{source} says {value!r:.40} for {name}, not a number: correct it.": (
        "{source} diz {value!r:.40} em {name}, o que não é um número: corrija-o."
    ),
    "{path} cannot be read: restore it.": "Não foi possível ler {path}: restaure-o.",
    "{source} has an entry in {kind} that cannot be read: correct it.": (
        "{source} tem em {kind} algo que não se consegue ler: corrija-o."
    ),
    "{path} has a key that no layer of this model has, {key}: it is for another model, or it is not a LoRA file.": (
        "{path} tem uma chave que nenhuma camada deste modelo tem, {key}: é para outro modelo, ou não é um arquivo "
        "LoRA."
    ),
    "{path} is for {base} ({key}): name a LoRA file for Stable Diffusion 1.": (
        "{path} é para outro modelo, {base} ({key}): indique um arquivo LoRA para o Stable Diffusion 1."
    ),
    "{path} is of the kind {kind} ({key}), which is not merged here: name a LoRA file.": (
        "{path} é do tipo {kind} ({key}), que aqui não se incorpora: indique um arquivo LoRA."
    ),
    "{path} holds a whole network ({key}), not a LoRA: name its folder with --model-dir, or name a LoRA file here.": (
        "{path} tem uma rede inteira ({key}), não um LoRA: indique a pasta dela com --model-dir, ou aqui um arquivo "
        "LoRA."
    ),
    "The strength of {name} is taken to be 1: put the adapter_config.json that came with it beside it.": (
        "A força de {name} é tomada como 1: ponha ao lado dele o adapter_config.json que veio com ele."
    ),
    "{path} cannot be read as a safetensors file: download it again.": (
        "Não foi possível ler {path} como arquivo safetensors: baixe-o de novo."
    ),
    "{path} has a shape that does not fit, at {key}: it changes {theirs} numbers where this model has {ours}.": (
        "{path} tem uma forma que não serve em {key}: muda {theirs} números onde este modelo tem {ours}."
    ),
    "{path} changes nothing, as before any training: name one that was trained.": (
        "{path} não muda nada, como antes de qualquer treino: indique um que tenha sido treinado."
    ),
    "{path} is empty: download it again.": "{path} está vazio: baixe-o de novo.",
    "{path} is a web page, not a safetensors file: download it again, signed in if the site asks for it.": (
        "{path} é uma página da web, não um arquivo safetensors: baixe-o de novo, com login se o site pedir."
    ),
    "{path} is a PyTorch file, in which code can hide: save it as safetensors, and name that.": (
        "{path} é um arquivo do PyTorch, no qual pode haver código escondido: salve-o como safetensors e indique esse."
    ),
    "{path} holds no tensors: download it again.": "{path} não tem tensores: baixe-o de novo.",
    "{path} has only a part of {key}: download it again.": "{path} só tem uma parte de {key}: baixe-o de novo.",
    "{path} has only a part of {key}, its magnitudes or the rest: download it again.": (
        "{path} só tem uma parte de {key}: baixe-o de novo."
    ),
    "{path} has a shape that does not fit, at {key}: download it again.": (
        "{path} tem uma forma que não serve em {key}: baixe-o de novo."
    ),
    "{path} says two strengths for {layer}, {one:g} and in its settings {two:g}: name another file.": (
        "{path} diz duas forças para {layer}, {one:g} e, nas configurações, {two:g}: indique outro arquivo."
    ),
    "{path} has a shape that does not fit, at {key}: it is {a} beside {b}. Download it again.": (
        "{path} tem uma forma que não serve em {key}, {a} ao lado de {b}: baixe-o de novo."
    ),
    "It is for {base}.": "É para {base}.",
    "It is for another model.": "É para outro modelo.",
    "{path} has one tensor under two names, {one} and {two}: remove one.": (
        "{path} tem um tensor sob dois nomes, {one} e {two}: remova um deles."
    ),
    "{path} has numbers of the kind {kind} at {key}: name one that is not quantised.": (
        "{path} tem números do tipo {kind} em {key}: indique um que não esteja quantizado."
    ),
    "{path} has numbers that are not finite at {key}: download it again.": (
        "{path} tem números que não são finitos em {key}: baixe-o de novo."
    ),
    "The fine-tune's U-Net is another one ({what} differs): name one of the same base.": (
        "A U-Net do ajuste é outra (difere em {what}): indique um da mesma base."
    ),
    "{path} makes numbers too large at a scale of {n:g}: choose a smaller one.": (
        "{path} torna os números grandes demais na escala {n:g}: escolha uma menor."
    ),
    "The fine-tune's U-Net holds numbers that are not finite ({name}): restore its files.": (
        "A U-Net do ajuste tem números que não são finitos ({name}): restaure os arquivos."
    ),
    "{folder} has no safetensors, and other files are not merged: convert it first.": (
        "{folder} não tem safetensors, e outros arquivos não se incorporam: converta-os primeiro."
    ),
    "{folder} cannot be read: its files are damaged. Restore them.": (
        "Não foi possível ler {folder}: os arquivos estão danificados. Restaure-os."
    ),
}
