"""What writing and pushing a Space ends with."""

SENTENCES = {
    "There is something in {to}: remove it, or name a new folder with --to.": (
        "Há algo em {to}: remova-o, ou indique uma pasta nova com --to."
    ),
    "There is nothing to do: name a folder with --to, a Space with --push, or both.": (
        "Não há nada a fazer: indique uma pasta com --to, um Space com --push, ou ambos."
    ),
    "The Space cannot be written to {to} ({why}): make room, or name another folder with --to.": (
        "O Space não pode ser gravado em {to} ({why}): libere espaço, ou indique outra pasta com --to."
    ),
    "{path} has {size:.1f} MB, and a Space takes {most} MB a file without Git LFS: store it in parts.": (
        "{path} tem {size:.1f} MB, e um Space aceita {most} MB por arquivo sem Git LFS: guarde-o em partes."
    ),
    "The folder has {size:.0f} MB, and a Space should have {most} MB at most: ship fewer models.": (
        "A pasta tem {size:.0f} MB, e um Space deve ter no máximo {most} MB: inclua menos modelos."
    ),
    "A Space cannot have “{field}: {value}” in its front matter: correct it in the project's README.md.": (
        "Um Space não pode ter “{field}: {value}” no cabeçalho: corrija-o no README.md do projeto."
    ),
    "requirements.txt rules out torch {version}, which the Space offers: widen its range.": (
        "requirements.txt exclui torch {version}, que o Space oferece: amplie o intervalo."
    ),
    "{path} imports {library}, which requirements.txt does not bring: add it there.": (
        "{path} importa {library}, que requirements.txt não traz: acrescente-a."
    ),
    "{library} does not run on Python {version}, which the Space has: require another release of it.": (
        "{library} não funciona com Python {version}, que o Space tem: exija outra versão dela."
    ),
    "The Space would lack {path}, which says under which terms it is: restore it from the repository.": (
        "Faltaria ao Space {path}, que diz sob quais termos ele está: restaure-o do repositório."
    ),
    "Nothing here imports {library}, and ZeroGPU starts no Space without a function for it: choose “cpu” or “docker” "
    "with --for.": (
        "Nada aqui importa {library}, e o ZeroGPU não inicia um Space sem uma função para ele: escolha “cpu” ou "
        "“docker” com --for."
    ),
    "--preload is for Spaces that Hugging Face builds without a Dockerfile: leave it out, and mount a folder with the "
    "checkpoints as /home/user/.cache/huggingface.": (
        "--preload é para Spaces que o Hugging Face constrói sem Dockerfile: omita-o, e monte uma pasta com os "
        "checkpoints como /home/user/.cache/huggingface."
    ),
    "“{model}” is not a model that can be preloaded: choose from {ids}.": (
        "“{model}” não é um modelo que possa ser baixado de antemão: escolha entre {ids}."
    ),
    "“{space}” cannot be a Space's name: write it like NAME/SPACE.": (
        "“{space}” não pode ser o nome de um Space: escreva-o como NOME/SPACE."
    ),
    "{space} cannot be reached, because HF_HUB_OFFLINE rules the network out: unset it.": (
        "{space} não pode ser acessado, porque HF_HUB_OFFLINE exclui a rede: remova essa variável."
    ),
    "{space} could not be pushed ({why}): check the network, and push again.": (
        "{space} não pôde ser enviado ({why}): verifique a rede, e envie de novo."
    ),
    "{space} can only be pushed by who may write to it: run “hf auth login” with a token that may write.": (
        "Só quem pode escrever em {space} pode enviá-lo: execute “hf auth login” com um token que permita escrever."
    ),
    "The Hub does not give you {space} ({why}): choose a name of your own, or a host that your account may use with "
    "--for.": (
        "O Hub não lhe dá {space} ({why}): escolha um nome seu, ou com --for uma máquina que sua conta possa usar."
    ),
    "The Hub does not take {space} ({why}): try again later, or look at its page.": (
        "O Hub não aceita {space} ({why}): tente mais tarde, ou veja a página dele."
    ),
}
