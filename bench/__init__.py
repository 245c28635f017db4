"""How fast Meterkast is, each figure beside another taken in the same run."""
