import com.sun.source.tree.BlockTree;
import com.sun.source.tree.BreakTree;
import com.sun.source.tree.CaseTree;
import com.sun.source.tree.CatchTree;
import com.sun.source.tree.ClassTree;
import com.sun.source.tree.DoWhileLoopTree;
import com.sun.source.tree.EnhancedForLoopTree;
import com.sun.source.tree.ExpressionTree;
import com.sun.source.tree.ForLoopTree;
import com.sun.source.tree.IfTree;
import com.sun.source.tree.LabeledStatementTree;
import com.sun.source.tree.LambdaExpressionTree;
import com.sun.source.tree.LiteralTree;
import com.sun.source.tree.ParenthesizedTree;
import com.sun.source.tree.StatementTree;
import com.sun.source.tree.SwitchTree;
import com.sun.source.tree.SynchronizedTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.TryTree;
import com.sun.source.tree.WhileLoopTree;
import com.sun.source.util.TreeScanner;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** What the language says about reachable statements (JLS, section 14.22), as far as it shows in the trees. */
final class Flow {
    private Flow() {}

    /** The statements that stand directly in `tree`. */
    static List<StatementTree> statements(Tree tree) {
        List<StatementTree> all = new ArrayList<>();
        if (tree instanceof BlockTree) {
            all.addAll(((BlockTree) tree).getStatements());
        } else if (tree instanceof CaseTree && ((CaseTree) tree).getStatements() != null) {
            all.addAll(((CaseTree) tree).getStatements());
        } else if (tree instanceof ForLoopTree) {
            all.addAll(((ForLoopTree) tree).getInitializer());
        } else if (tree instanceof EnhancedForLoopTree) {
            all.add(((EnhancedForLoopTree) tree).getVariable());
        } else if (tree instanceof CatchTree) {
            all.add(((CatchTree) tree).getParameter());
        }
        return all;
    }

    /** Whether what stands behind `tree` can be reached. */
    static boolean completes(Tree tree) {
        switch (tree.getKind()) {
            case RETURN:
            case THROW:
            case CONTINUE:
            case BREAK:
            case YIELD:
                return false;
            case BLOCK:
                return all(((BlockTree) tree).getStatements());
            case SYNCHRONIZED:
                return completes(((SynchronizedTree) tree).getBlock());
            case LABELED_STATEMENT:
                LabeledStatementTree labeled = (LabeledStatementTree) tree;
                return completes(labeled.getStatement()) || breaks(labeled.getStatement(), labeled.getLabel());
            case IF:
                IfTree choice = (IfTree) tree;
                return choice.getElseStatement() == null
                        || completes(choice.getThenStatement())
                        || completes(choice.getElseStatement());
            case WHILE_LOOP:
                WhileLoopTree loop = (WhileLoopTree) tree;
                return !isTrue(loop.getCondition()) || breaks(loop.getStatement(), null);
            case DO_WHILE_LOOP:
                DoWhileLoopTree last = (DoWhileLoopTree) tree;
                boolean turns = completes(last.getStatement()) && !isTrue(last.getCondition());
                return turns || breaks(last.getStatement(), null);
            case FOR_LOOP:
                ForLoopTree counted = (ForLoopTree) tree;
                boolean forever = counted.getCondition() == null || isTrue(counted.getCondition());
                return !forever || breaks(counted.getStatement(), null);
            case TRY:
                return tried((TryTree) tree);
            case SWITCH:
                return switched((SwitchTree) tree);
            default:
                return true;
        }
    }

    private static boolean all(List<? extends StatementTree> statements) {
        for (StatementTree one : statements) {
            if (!completes(one)) {
                return false;
            }
        }
        return true;
    }

    private static boolean tried(TryTree tree) {
        if (tree.getFinallyBlock() != null && !completes(tree.getFinallyBlock())) {
            return false;
        }
        boolean any = completes(tree.getBlock());
        for (CatchTree one : tree.getCatches()) {
            any |= completes(one.getBlock());
        }
        return any;
    }

    private static boolean switched(SwitchTree tree) {
        boolean hasDefault = false;
        boolean any = breaks(tree, null);
        for (CaseTree one : tree.getCases()) {
            hasDefault |= one.getExpressions().isEmpty();
            if (one.getBody() != null) {
                any |= completes(one.getBody());
            }
        }
        int count = tree.getCases().size();
        CaseTree last = count == 0 ? null : tree.getCases().get(count - 1);
        boolean falls = last == null || last.getStatements() != null && all(last.getStatements());
        return any || !hasDefault || falls;
    }

    private static boolean isTrue(ExpressionTree condition) {
        ExpressionTree plain = condition;
        while (plain instanceof ParenthesizedTree) {
            plain = ((ParenthesizedTree) plain).getExpression();
        }
        return plain instanceof LiteralTree && Boolean.TRUE.equals(((LiteralTree) plain).getValue());
    }

    /** Whether a `break` leaves `body` itself, or the statement with that label. */
    private static boolean breaks(Tree body, CharSequence label) {
        boolean[] found = {false};
        new TreeScanner<Void, Integer>() {
            @Override
            public Void visitBreak(BreakTree tree, Integer depth) {
                boolean own = label == null && tree.getLabel() == null && depth == 0;
                boolean named = label != null && tree.getLabel() != null && tree.getLabel().contentEquals(label);
                found[0] |= own || named;
                return null;
            }

            @Override
            public Void visitWhileLoop(WhileLoopTree tree, Integer depth) {
                return super.visitWhileLoop(tree, depth + 1);
            }

            @Override
            public Void visitDoWhileLoop(DoWhileLoopTree tree, Integer depth) {
                return super.visitDoWhileLoop(tree, depth + 1);
            }

            @Override
            public Void visitForLoop(ForLoopTree tree, Integer depth) {
                return super.visitForLoop(tree, depth + 1);
            }

            @Override
            public Void visitEnhancedForLoop(EnhancedForLoopTree tree, Integer depth) {
                return super.visitEnhancedForLoop(tree, depth + 1);
            }

            @Override
            public Void visitSwitch(SwitchTree tree, Integer depth) {
                return super.visitSwitch(tree, Objects.equals(tree, body) ? depth : depth + 1);
            }

            @Override
            public Void visitLambdaExpression(LambdaExpressionTree tree, Integer depth) {
                return null;
            }

            @Override
            public Void visitClass(ClassTree tree, Integer depth) {
                return null;
            }
        }.scan(body, 0);
        return found[0];
    }
}
