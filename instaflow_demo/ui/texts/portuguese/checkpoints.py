"""What is wrong with the files of a checkpoint."""

SENTENCES = {
    "The U-Net in {unet} takes {channels} channels, and the latents of the autoencoder in {vae} have {latents}: name "
    "a folder whose parts belong together.": (
        "A U-Net em {unet} recebe {channels} canais, e os latentes do autoencoder em {vae} têm {latents}: indique "
        "uma pasta cujas partes sejam do mesmo modelo."
    ),
    "The U-Net in {unet} gives {channels} channels, and the latents of the autoencoder in {vae} have {latents}: name "
    "a folder whose parts belong together.": (
        "A U-Net em {unet} devolve {channels} canais, e os latentes do autoencoder em {vae} têm {latents}: indique "
        "uma pasta cujas partes sejam do mesmo modelo."
    ),
    "The U-Net in {unet} reads text states of width {reads}, and those of the text encoder in {text} have {width}: "
    "name a folder whose parts belong together.": (
        "A U-Net em {unet} lê estados de texto de largura {reads}, e os do codificador de texto em {text} têm "
        "{width}: indique uma pasta cujas partes sejam do mesmo modelo."
    ),
    "The tiny decoder in {tiny} takes {channels} channels, and the latents of the autoencoder in {vae} have "
    "{latents}: name a folder whose parts belong together.": (
        "O decodificador pequeno em {tiny} recebe {channels} canais, e os latentes do autoencoder em {vae} têm "
        "{latents}: indique uma pasta cujas partes sejam do mesmo modelo."
    ),
    "{folder} holds another model than {title}: name a folder that holds it.": (
        "{folder} contém outro modelo que não {title}: indique uma pasta que o contenha."
    ),
    "The tokenizer in {folder} does not read text as its files say: restore it, or download it again.": (
        "O tokenizador em {folder} não lê texto como os seus arquivos dizem: restaure-o, ou baixe-o de novo."
    ),
    "In {path}, “model_max_length” is {value}, and the text encoder reads {count} tokens: name a folder whose parts "
    "belong together.": (
        "Em {path}, “model_max_length” é {value}, e o codificador de texto lê {count} tokens: indique uma pasta "
        "cujas partes sejam do mesmo modelo."
    ),
    "The tokenizer in {folder} has words up to number {last}, and the text encoder knows {rows}: name a folder whose "
    "parts belong together.": (
        "O tokenizador em {folder} tem palavras até o número {last}, e o codificador de texto conhece {rows}: "
        "indique uma pasta cujas partes sejam do mesmo modelo."
    ),
    "The tokenizer in {folder} has {count} words that no merge makes: its merges are cut off. Restore them, or "
    "download them again.": (
        "O tokenizador em {folder} tem {count} palavras que nenhuma junção forma: as junções estão cortadas. "
        "Restaure-as, ou baixe-as de novo."
    ),
    "{folder} cannot be read ({why}): restore it, or download it again.": (
        "Não é possível ler {folder} ({why}): restaure-o, ou baixe-o de novo."
    ),
    "The U-Net in {unet} needs more conditions than a prompt (“{name}” is {value}): name a folder with a U-Net in "
    "Stable Diffusion's layout.": (
        "A U-Net em {unet} pede mais que um prompt (“{name}” é {value}): indique uma pasta com uma U-Net no formato "
        "do Stable Diffusion."
    ),
    "In {file}, “sample_size” is {value}, which cannot be: restore it, or download it again.": (
        "Em {file}, “sample_size” é {value}, o que não pode ser: restaure-o, ou baixe-o de novo."
    ),
    "{folder} holds no tokenizer that can be read ({why}): restore it, or download it again.": (
        "{folder} não contém um tokenizador que se possa ler ({why}): restaure-o, ou baixe-o de novo."
    ),
    "It is for inpainting.": "Ela é para inpainting.",
    "In {file}, “{name}” is {value}, and GLIDE's is {wanted}: name a folder whose parts belong together.": (
        "Em {file}, “{name}” é {value}, e no GLIDE é {wanted}: indique uma pasta cujas partes sejam do mesmo modelo."
    ),
    "The network in {folder} gives {made}, where {wanted} is needed: name a folder whose parts belong together.": (
        "A rede em {folder} devolve {made}, onde é preciso {wanted}: indique uma pasta cujas partes sejam do mesmo "
        "modelo."
    ),
    "The network in {folder} does not work as its config.json has it ({why}): restore it, or download it again.": (
        "A rede em {folder} não funciona como o config.json a descreve ({why}): restaure-o, ou baixe-o de novo."
    ),
    "can be: {values}": "pode ser: {values}",
    "can be from {low} to {high}": "pode ir de {low} a {high}",
    "{title} cannot take its steps as {file} says: {why} Restore the file, or take the one of the model that it was "
    "made from.": (
        "{title} não pode dar os passos que {file} diz: {why} Restaure o arquivo, ou use o do modelo de que este foi "
        "feito."
    ),
    "{name} follows no schedule of betas, as DPM-Solver and Euler's method must.": (
        "{name} não segue uma sequência de betas, de que DPM-Solver e o método de Euler precisam."
    ),
    "it gives no {n} steps of falling noise.": "não dá {n} passos de ruído decrescente.",
    "it is missing, or not an object in JSON.": "falta, ou não é um objeto em JSON.",
    "no scheduler here has a field “{field}”.": "nenhum agendador daqui tem um campo “{field}”.",
    "“{field}” is {value}, and {rule}.": "“{field}” é {value}, e {rule}.",
    "“{one}” and “{other}” exclude each other.": "“{one}” e “{other}” excluem-se.",
    "“use_beta_sigmas” needs scipy (“pip install scipy”).": "“use_beta_sigmas” precisa de scipy (“pip install scipy”).",
    "“{algorithm}” and the “final_sigmas_type” “zero” exclude each other.": (
        "“{algorithm}” e “final_sigmas_type” “zero” excluem-se."
    ),
    "“sde-dpmsolver” and a “solver_order” of 3 exclude each other.": "“sde-dpmsolver” e “solver_order” 3 excluem-se.",
    "“trained_betas” is {value}, and not {n} numbers between 0 and 1.": (
        "“trained_betas” é {value}, e não {n} números entre 0 e 1."
    ),
    "{path} is of a quantised network, which cannot be read here: use its plain weights.": (
        "{path} é de uma rede quantizada, que não se lê aqui: use os pesos sem quantização."
    ),
    "In {path}, “{name}” is {value}, which cannot be: restore it, or download it again.": (
        "Em {path}, “{name}” é {value}, o que não pode ser: restaure-o, ou baixe-o de novo."
    ),
    "{path} is of a {what}, and a {wanted} is needed here: name a folder that holds one.": (
        "{path} é de um {what}, e aqui é preciso um {wanted}: indique uma pasta que tenha um."
    ),
    "{folder} holds no weights: restore it, or download it again.": (
        "{folder} não contém pesos: restaure-o, ou baixe-o de novo."
    ),
    "{folder} lacks the index of its {count} files of weights: restore it, or download it again.": (
        "Em {folder} falta o índice dos {count} arquivos de pesos: restaure-o, ou baixe-o de novo."
    ),
    "{path} does not say which file each tensor is in: restore it, or download it again.": (
        "{path} não diz em que arquivo está cada tensor: restaure-o, ou baixe-o de novo."
    ),
    "{folder} lacks {count} of the {all} tensors that its config.json asks for, the first {part}: restore it, or "
    "download it again.": (
        "Em {folder} faltam {count} dos {all} tensores que o config.json pede, o primeiro {part}: restaure-o, ou "
        "baixe-o de novo."
    ),
    "{folder} has {count} more tensors than its config.json asks for, the first {name}: restore it, or download it "
    "again.": (
        "{folder} tem {count} tensores a mais do que o config.json pede, o primeiro {name}: restaure-o, ou baixe-o "
        "de novo."
    ),
    "{folder} has {count} tensors of another shape than its config.json asks for; the first, {name}, is {theirs} and "
    "not {ours}: restore it, or download it again.": (
        "{folder} tem {count} tensores de outra forma que a pedida pelo config.json; o primeiro, {name}, é {theirs} "
        "e não {ours}: restaure-o, ou baixe-o de novo."
    ),
    "{path} lacks “{name}”: restore it, or download it again.": (
        "Em {path} falta “{name}”: restaure-o, ou baixe-o de novo."
    ),
    "{path} describes no network that can be built ({why}): restore it, or download it again.": (
        "{path} não descreve uma rede que se possa construir ({why}): restaure-o, ou baixe-o de novo."
    ),
    "{path} describes a network that is far larger than its {count} tensors: restore it, or download it again.": (
        "{path} descreve uma rede muito maior que os seus {count} tensores: restaure-o, ou baixe-o de novo."
    ),
    "{folder} has no {name} in {file}, where its index says that it is: restore it, or download it again.": (
        "{folder} não tem {name} em {file}, onde o índice diz que está: restaure-o, ou baixe-o de novo."
    ),
    "{path} names {other}, which is not a weights file beside it: restore it, or download it again.": (
        "{path} indica {other}, que não é um arquivo de pesos ao lado dele: restaure-o, ou baixe-o de novo."
    ),
    "In {file}, {name} is stored as {what}, which cannot be read here: use the checkpoint's plain weights.": (
        "Em {file}, {name} está guardado como {what}, que não se lê aqui: use os pesos sem quantização."
    ),
    "{folder} has {name} in two files: restore it, or download it again.": (
        "{folder} tem {name} em dois arquivos: restaure-o, ou baixe-o de novo."
    ),
    "{words} and {merges} do not belong together: put vocab.json and merges.txt of openai-community/gpt2 in their "
    "place.": (
        "{words} e {merges} não são do mesmo tokenizador: ponha vocab.json e merges.txt de openai-community/gpt2 no "
        "lugar deles."
    ),
    "{name} has a parameter that GLIDE does not, {parameter}: is it the right file?": (
        "{name} tem um parâmetro que o GLIDE não tem, {parameter}: é o arquivo certo?"
    ),
    "{name} lacks the parameter {parameter}: is it the right file?": (
        "Em {name} falta o parâmetro {parameter}: é o arquivo certo?"
    ),
    "In {name}, the parameter {parameter} is {theirs} and not {ours}: is it the right file?": (
        "Em {name}, o parâmetro {parameter} é {theirs} e não {ours}: é o arquivo certo?"
    ),
    "In {name}, the parameter {parameter} is {kind}: is it the right file?": (
        "Em {name}, o parâmetro {parameter} é {kind}: é o arquivo certo?"
    ),
    "{file} is not a file: name OpenAI's base.pt, and then its upsample.pt.": (
        "{file} não é um arquivo: indique o base.pt da OpenAI e, depois, o upsample.pt."
    ),
    "{file} is missing: put vocab.json and merges.txt of openai-community/gpt2 beside {base}.": (
        "Falta {file}: ponha vocab.json e merges.txt de openai-community/gpt2 ao lado de {base}."
    ),
    "The converted model could not be written to {out} ({why}): make room there, or name another folder.": (
        "O modelo convertido não pôde ser gravado em {out} ({why}): libere espaço ali, ou indique outra pasta."
    ),
    "a folder": "uma pasta",
    "a named pipe": "um pipe nomeado",
    "a socket": "um socket",
    "a device": "um dispositivo",
    "{path} is {what}, not a file: restore it, or download it again.": (
        "{path} é {what}, não um arquivo: restaure-o, ou baixe-o de novo."
    ),
    "{path} is a Git LFS pointer, not the file that it stands for: run “git lfs pull” in {folder}.": (
        "{path} é um ponteiro do Git LFS, não o arquivo que ele representa: execute “git lfs pull” em {folder}."
    ),
    "{path} has {count:.0f} MB, too many for settings: restore it, or download it again.": (
        "{path} tem {count:.0f} MB, o que é demais para configurações: restaure-o, ou baixe-o de novo."
    ),
    "{path} does not hold a JSON object: restore it, or download it again.": (
        "{path} não contém um objeto JSON: restaure-o, ou baixe-o de novo."
    ),
    "{path} is missing: restore it, or download it again.": "Falta {path}: restaure-o, ou baixe-o de novo.",
    "{path} cannot be read ({why}): restore it, or download it again.": (
        "Não é possível ler {path} ({why}): restaure-o, ou baixe-o de novo."
    ),
    "something else": "outra coisa",
    "{path} is not valid JSON: restore it, or download it again.": (
        "{path} não é JSON válido: restaure-o, ou baixe-o de novo."
    ),
    "{path} is a link to a file that is not there: restore it, or download it again.": (
        "{path} é um link para um arquivo que não existe: restaure-o, ou baixe-o de novo."
    ),
    "{file} holds no dictionary of tensors: it is another kind of file.": (
        "{file} não contém um dicionário de tensores: é outro tipo de arquivo."
    ),
    "{file} is cut off: {here:,} bytes of {whole:,} are there; download it again.": (
        "{file} está cortado: há {here:,} bytes de {whole:,}; baixe-o de novo."
    ),
    "{file} is compressed, as PyTorch's files are not: download it again.": (
        "{file} está comprimido, o que arquivos do PyTorch não são: baixe-o de novo."
    ),
    "In {file}, {name} is larger than what the file holds of it: download it again.": (
        "Em {file}, {name} é maior do que o que o arquivo contém: baixe-o de novo."
    ),
    "{file} cannot be read as a PyTorch file of plain tensors: download it again.": (
        "{file} não pode ser lido como um arquivo de tensores do PyTorch: baixe-o de novo."
    ),
    "In {file}, {name} has values that are not finite numbers: download it again.": (
        "Em {file}, {name} tem valores que não são números finitos: baixe-o de novo."
    ),
    "{file} is not a safetensors file: download it again.": "{file} não é um arquivo safetensors: baixe-o de novo.",
}
