import com.sun.source.tree.AssignmentTree;
import com.sun.source.tree.BlockTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.ExpressionStatementTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.IdentifierTree;
import com.sun.source.tree.LambdaExpressionTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.MethodInvocationTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ReturnTree;
import com.sun.source.tree.StatementTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.TryTree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.SourcePositions;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import javax.lang.model.element.Modifier;

/** Finds where the {@code main} of a block ends, and puts there what hands over the exports that are in scope. */
final class Exits {
    private final SourcePositions positions;
    private final Set<String> exports;
    private final Set<String> shared;
    private CompilationUnitTree unit;
    private MethodTree main;

    /** {@code imports} are names that are known everywhere. */
    Exits(List<CompilationUnitTree> units, SourcePositions positions, Set<String> exports, Set<String> imports) {
        this.positions = positions;
        this.exports = exports;
        shared = new HashSet<>(imports);
        Map<String, ClassTree> classes = new HashMap<>();
        ClassTree own = null;
        for (CompilationUnitTree one : units) {
            for (Tree type : one.getTypeDecls()) {
                if (type instanceof ClassTree) {
                    classes.put(((ClassTree) type).getSimpleName().toString(), (ClassTree) type);
                    own = own == null && look(one, (ClassTree) type) ? (ClassTree) type : own;
                }
            }
        }
        boolean isOwn = true;
        while (own != null) {
            share(own, isOwn);
            Tree base = own.getExtendsClause();
            own = base == null ? null : classes.remove(base.toString());
            isOwn = false;
        }
    }

    /** Whether `main` is in that class; the first one counts. */
    private boolean look(CompilationUnitTree one, ClassTree type) {
        for (Tree member : type.getMembers()) {
            if (member instanceof MethodTree && starts((MethodTree) member)) {
                unit = one;
                main = (MethodTree) member;
                return true;
            }
        }
        return false;
    }

    /** Notes the static fields of the class with `main`, or of one that it extends. */
    private void share(ClassTree type, boolean isOwn) {
        for (Tree member : type.getMembers()) {
            if (member instanceof VariableTree) {
                Set<Modifier> flags = ((VariableTree) member).getModifiers().getFlags();
                if (flags.contains(Modifier.STATIC) && (isOwn || !flags.contains(Modifier.PRIVATE))) {
                    shared.add(((VariableTree) member).getName().toString());
                }
            }
        }
    }

    private static boolean starts(MethodTree method) {
        return method.getName().contentEquals("main")
                && method.getParameters().size() <= 1
                && method.getBody() != null
                && !method.getModifiers().getFlags().contains(Modifier.PRIVATE);
    }

    /** Where the imports of a unit may begin. */
    int start(CompilationUnitTree one) {
        return one.getPackage() == null ? 0 : (int) positions.getEndPosition(one, one.getPackage());
    }

    private int start(Tree tree) {
        return (int) positions.getStartPosition(unit, tree);
    }

    private int end(Tree tree) {
        return (int) positions.getEndPosition(unit, tree);
    }

    void edit(CompilationUnitTree one, Edits edits) {
        if (one != unit || exports.isEmpty()) {
            return;
        }
        Walk walk = new Walk(edits);
        walk.scan(new TreePath(new TreePath(unit), main.getBody()), null);
        int last = end(main.getBody()) - 1;
        if (last > 0 && Flow.completes(main.getBody())) {
            Set<String> names = inScope(main.getBody(), last);
            edits.put(last, " " + puts(names) + defined(names));
        }
    }

    /** Those variables of `block`, and those from outside, that are known at `place`. */
    private Set<String> inScope(BlockTree block, int place) {
        Set<String> names = new LinkedHashSet<>(shared);
        add(block.getStatements(), place, names);
        names.retainAll(exports);
        return names;
    }

    private void add(List<? extends StatementTree> statements, int place, Set<String> names) {
        for (StatementTree one : statements) {
            if (one instanceof VariableTree && start(one) < place) {
                names.add(((VariableTree) one).getName().toString());
            }
        }
    }

    private static String puts(Set<String> names) {
        StringBuilder text = new StringBuilder();
        for (String name : names) {
            text.append("polyrun.Values.put(\"").append(name).append("\", ").append(name).append("); ");
        }
        return text.toString();
    }

    /** For the hint about an export that is missing: all that `main` has. */
    private String defined(Set<String> names) {
        if (names.containsAll(exports)) {
            return "";
        }
        List<String> all = new ArrayList<>();
        for (StatementTree one : main.getBody().getStatements()) {
            if (one instanceof VariableTree && all.size() < 100) {
                all.add("\"" + ((VariableTree) one).getName() + "\"");
            }
        }
        return "polyrun.Values.define(" + String.join(", ", all) + "); ";
    }

    /** Goes through `main`, but not into its lambdas and classes. */
    private final class Walk extends TreePathScanner<Void, Void> {
        private final Edits edits;
        private final Map<String, Integer> assigned = new HashMap<>();
        private int ends;

        Walk(Edits edits) {
            this.edits = edits;
        }

        @Override
        public Void visitLambdaExpression(LambdaExpressionTree tree, Void nothing) {
            return null;
        }

        @Override
        public Void visitClass(ClassTree tree, Void nothing) {
            return null;
        }

        @Override
        public Void visitAssignment(AssignmentTree tree, Void nothing) {
            if (tree.getVariable() instanceof IdentifierTree) {
                assigned.putIfAbsent(tree.getVariable().toString(), start(tree));
            }
            return super.visitAssignment(tree, nothing);
        }

        @Override
        public Void visitReturn(ReturnTree tree, Void nothing) {
            before(tree);
            return super.visitReturn(tree, nothing);
        }

        /** `System.exit(0);` ends a program as well, if nothing is computed for it. */
        @Override
        public Void visitExpressionStatement(ExpressionStatementTree tree, Void nothing) {
            if (tree.getExpression() instanceof MethodInvocationTree) {
                MethodInvocationTree call = (MethodInvocationTree) tree.getExpression();
                boolean exits = call.getMethodSelect().toString().equals("System.exit");
                if (exits && call.getArguments().size() == 1 && isPlain(call.getArguments().get(0))) {
                    before(tree);
                }
            }
            return super.visitExpressionStatement(tree, nothing);
        }

        /** What leaves by a `return` may be changed by a `finally` on the way: it is handed over there once more. */
        @Override
        public Void visitTry(TryTree tree, Void nothing) {
            int before = ends;
            super.visitTry(tree, nothing);
            BlockTree last = tree.getFinallyBlock();
            if (last != null && ends > before && Flow.completes(last)) {
                Set<String> names = known(start(tree), getCurrentPath());
                edits.put(end(last) - 1, " " + puts(names));
            }
            return null;
        }

        private boolean isPlain(ExpressionTree value) {
            return value instanceof LiteralTree || value instanceof IdentifierTree;
        }

        private void before(StatementTree tree) {
            ends++;
            Set<String> names = known(start(tree), getCurrentPath());
            if (start(tree) >= 0 && end(tree) > 0) {
                edits.put(start(tree), "{ " + puts(names));
                edits.put(end(tree), " }");
            }
        }

        /** Names in scope at `place` that have a value there. */
        private Set<String> known(int place, TreePath path) {
            Set<String> names = new LinkedHashSet<>(shared);
            for (VariableTree parameter : main.getParameters()) {
                names.add(parameter.getName().toString());
            }
            for (TreePath up = path; up != null; up = up.getParentPath()) {
                List<StatementTree> declared = new ArrayList<>();
                for (StatementTree one : Flow.statements(up.getLeaf())) {
                    if (one instanceof VariableTree && start(one) < place && isSet((VariableTree) one, place)) {
                        declared.add(one);
                    }
                }
                add(declared, place, names);
            }
            names.retainAll(exports);
            return names;
        }

        private boolean isSet(VariableTree variable, int place) {
            Integer first = assigned.get(variable.getName().toString());
            return variable.getInitializer() != null || first != null && first < place;
        }
    }
}
