cd /tmp
git init -q r
cd r
echo 1 > f
git add f
git status --short
