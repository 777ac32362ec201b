import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TaskListener;
import com.sun.source.util.Trees;
import java.io.File;
import java.io.IOException;
import java.io.StringWriter;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import javax.tools.JavaCompiler;

/**
 * Compiles a block with values: what it imports are static fields that every class of it sees, and what it exports is
 * handed over wherever its {@code main} ends.
 */
final class Bindings {
    private static final String LIBRARY = "values.jar";
    private static final String IMPORT = "import static polyrun.block.Imports.*; ";

    private final JavaCompiler compiler;
    private final Path build;
    private final String code;
    private final String document;
    private final Set<String> exports;

    /** {@code code} is the text of the class with the imports; its first line is a comment that names the exports. */
    Bindings(JavaCompiler compiler, Path build, String code, String document) {
        this.compiler = compiler;
        this.build = build;
        this.code = code;
        this.document = document;
        String names = code.substring(0, code.indexOf('\n')).substring("//".length()).trim();
        exports = new LinkedHashSet<>(names.isEmpty() ? List.of() : Arrays.asList(names.split(" ")));
    }

    boolean compile(List<Compile.Unit> units, TaskListener mains) throws IOException, URISyntaxException {
        String path = build + File.pathSeparator + LIBRARY;
        List<Edits> edits = edit(units, path);
        List<Compile.Unit> edited = new ArrayList<>();
        for (Edits one : edits) {
            edited.add(new Compile.Unit(document, one.text()));
        }
        edited.add(new Compile.Unit("polyrun_imports.java", code));
        StringWriter told = new StringWriter();
        JavacTask task = Compile.task(compiler, path, build, told, edited, mains);
        task.addTaskListener(new Exportable(Trees.instance(task), task.getElements(), task.getTypes(), exports));
        boolean good = task.call();
        String text = told.toString();
        for (Edits one : edits) {
            text = one.unedited(text);
        }
        System.err.print(text);
        return good;
    }

    /** What is to be put into each unit: found in the trees of a first look, which says nothing about what is wrong. */
    private List<Edits> edit(List<Compile.Unit> units, String path) throws IOException {
        JavacTask task = Compile.task(compiler, path, build, new StringWriter(), units, new TaskListener() {});
        List<CompilationUnitTree> trees = new ArrayList<>();
        task.parse().forEach(trees::add);
        Exits exits = new Exits(trees, Trees.instance(task).getSourcePositions(), exports, imports());
        List<Edits> all = new ArrayList<>();
        for (int n = 0; n < units.size(); n++) {
            Edits edits = new Edits(units.get(n).getCharContent(true).toString());
            edits.put(n < trees.size() ? exits.start(trees.get(n)) : 0, IMPORT);
            if (n < trees.size()) {
                exits.edit(trees.get(n), edits);
            }
            all.add(edits);
        }
        return all;
    }

    /** The names of the imports. */
    private Set<String> imports() {
        Set<String> names = new LinkedHashSet<>();
        for (String line : code.split("\n")) {
            if (line.startsWith("    public static ") && line.contains(" = ")) {
                String before = line.substring(0, line.indexOf(" = "));
                names.add(before.substring(before.lastIndexOf(' ') + 1));
            }
        }
        return names;
    }
}
